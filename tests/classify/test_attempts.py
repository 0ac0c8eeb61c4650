from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.model.flow import Visibility


def test_unreached_connects_become_one_flow_for_each_destination(run):
    for _ in range(7):
        run.call("10.1", "203.0.113.9", 443)
    run.call("10.1", "203.0.113.10", 443)
    first, second = classify(run.seal()).flows
    assert (first.destination.ip, first.visibility, first.bytes_out) == (
        "203.0.113.9", Visibility.METADATA_ONLY, 0
    )  # fmt: skip
    assert "7 times" in first.note
    assert "once" in second.note
    assert first.process.executable == "/usr/bin/python3.11"


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "127.0.0.1"},
        {"address": "::1", "family": "inet6"},
        {"address": "::ffff:127.0.0.1", "family": "inet6"},
        {"address": "0.0.0.0"},
        {"address": "/run/x.sock", "family": "unix"},
        {"address": "192.168.77.23"},
        {"type": "dgram"},
        {"call": "bind"},
        {"role": "control"},
    ],
)
def test_what_never_leaves_is_no_attempt(run, changes):
    run.flow("10.1", "198.18.0.99")
    values = {"address": "8.8.8.8", "port": 80, **changes}
    run.call("10.1", values.pop("address"), values.pop("port"), **values)
    assert [one.id for one in classify(run.seal()).flows] == ["f1"]


def test_calls_that_led_somewhere_are_no_attempts(run):
    run.lookup("10.1", "a.example", "198.18.0.5")
    run.call("10.1", "198.18.0.5", 443)
    run.flow("")
    run.flow("10.1", "198.18.0.6")
    run.call("10.1", "198.18.0.6", 443)
    assert [one.id for one in classify(run.seal()).flows] == ["f1", "f2"]


def test_multicast_is_kept(run):
    run.call("10.1", "224.0.0.251", 5353, call="sendto", type="dgram")
    [one] = classify(run.seal()).flows
    assert (one.transport, one.destination.ip) == ("udp", "224.0.0.251")
    assert "multicast" in one.note
