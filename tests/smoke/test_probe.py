"""`--probe-tls` in the real box: who goes on with a certificate of nobody's, and who does not."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.box

SOURCE = """
import ssl, sys, urllib.request
import answers
context = ssl.create_default_context()
if sys.argv[1] == "careless":
    context = ssl._create_unverified_context()
for number in range(4):
    request = urllib.request.Request("https://metrics.example.org/v1", data=b"number=%d" % number)
    try:
        urllib.request.urlopen(request, timeout=10, context=context).read()
    except OSError as error:
        print(type(error).__name__)
print(answers.answer(sys.argv[2]))
"""
OPTIONS = ("--probe-tls", "--allow", "metrics.example.org=telemetry")


def rule(ended, name: str) -> str:
    return next(each["outcome"] for each in ended.result["rules"] if each["rule"] == name)


def test_who_goes_on_with_a_certificate_of_nobodys_is_found(audit):
    ended = audit.app("-c", SOURCE, "careless", "{prompt}", options=OPTIONS)
    assert ended.code == 1, ended.out
    (finding,) = (each for each in ended.result["findings"] if each["rule"] == "TLS002")
    assert finding["destination"]["domain"] == "metrics.example.org"


def test_who_refuses_it_passes_and_loses_one_connection(audit):
    ended = audit.app("-c", SOURCE, "careful", "{prompt}", options=OPTIONS)
    assert ended.code == 0, ended.out
    assert rule(ended, "TLS002") == "pass"
    assert (ended.run / "app.log").read_text().count("URLError") == 1
    flows = [flow for flow in ended.result["flows"] if "shown one on purpose" in flow.get("note", "")]
    assert [flow["visibility"] for flow in flows] == ["metadata-only"]


def test_nobody_is_probed_unasked(audit):
    ended = audit.app("-c", SOURCE, "careless", "{prompt}", options=OPTIONS[1:])
    assert ended.code == 0, ended.out
    assert rule(ended, "TLS002") == "not-available"
