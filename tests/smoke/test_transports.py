"""Every transport in one run: what is sent is seen, read, found, and laid to the program; look-ups become look-ups."""

from __future__ import annotations

import os
import sys

import pytest

pytestmark = pytest.mark.box

PYTHON = os.path.realpath(sys.executable)
FLOWS = {
    "tcp": ("tcp", "203.0.113.10", 7001),
    "tcp6": ("tcp", "2001:db8::10", 7001),
    "mptcp": ("tcp", "203.0.113.11", 7001),
    "udp": ("udp", "203.0.113.12", 7001),
    "udp-connected": ("udp", "203.0.113.13", 7001),
    "udplite": ("udplite", "203.0.113.14", 7001),
    "udplite-connected": ("udplite", "203.0.113.15", 7001),
    "icmp": ("icmp", "203.0.113.16", 0),
    "icmpv6": ("icmpv6", "2001:db8::16", 0),
    "broadcast": ("udp", "255.255.255.255", 7002),
    "broadcast-net": ("udp", "192.168.77.255", 7003),
    "mdns": ("udp", "224.0.0.251", 5353),
    "mdns6": ("udp", "ff02::fb", 5353),
    "ssdp": ("udp", "239.255.255.250", 1900),
    "llmnr": ("udp", "224.0.0.252", 5355),
    "syslog": ("udp", "203.0.113.17", 514),
    "smtp": ("tcp", "203.0.113.18", 25),
    "ftp": ("tcp", "203.0.113.19", 21),
    "irc": ("tcp", "203.0.113.20", 6667),
}
"""What is no question about a name: the far side of each way."""
LOOKUPS = {
    "dns-udp": ("udp", "203.0.113.53"),
    "dns-tcp": ("tcp", "203.0.113.54"),
    "dns-odd-port": ("tcp", "203.0.113.59"),
    "dot": ("dot", "203.0.113.55"),
    "doh-get": ("doh", "get.doh.example"),
    "doh-post": ("doh", "post.doh.example"),
    "doh-json": ("doh", "json.doh.example"),
    "doh-bare": ("doh", "203.0.113.58"),
}
"""Over what each name is asked for, and whom."""


@pytest.fixture(scope="module")
def ended(audit):
    return audit.app("every_transport.py", "{prompt}", options=("--prompt", "keep {canary}"))


@pytest.mark.parametrize("way", FLOWS)
def test_it_is_seen_read_and_laid_to_the_program(ended, way):
    flows = [
        flow for flow in ended.result["flows"]
        if (flow["transport"], flow["destination"]["ip"], flow["destination"]["port"]) == FLOWS[way]
    ]  # fmt: skip
    if not flows and _not_supported(ended, way):
        pytest.skip(f"this kernel has no {way}")
    (flow,) = flows
    assert flow["visibility"] == "decrypted"
    assert flow["canaries"] == ["prompt-1"]
    assert flow["process"]["executable"] == PYTHON
    assert flow["bytes_out"] >= len("abcde-fghij-1234")


def _not_supported(ended, way):
    return f"{way}: OSError: [Errno 93]" in (ended.run / "app.log").read_text()


@pytest.mark.parametrize("way", LOOKUPS)
def test_a_question_is_a_lookup_at_whom_it_was_asked(ended, way):
    (lookup,) = (each for each in ended.result["lookups"] if each["name"].endswith(f".{way}.example"))
    assert (lookup["transport"], lookup["server_name"] or lookup["server"]) == LOOKUPS[way]
    assert lookup["chosen"]
    assert lookup["canaries"] == ["prompt-1"]
    assert lookup["process"]["executable"] == PYTHON


def test_a_name_server_of_its_own_choice_is_one_finding(ended):
    for address in ("203.0.113.53", "203.0.113.54", "203.0.113.55", "203.0.113.59"):
        assert {each["rule"] for each in ended.result["findings"] if f" {address} " in each["message"]} == {
            "DNS001"
        }
    assert "EGR002" not in ended.rules


def test_what_can_say_nothing_is_an_attempt(ended):
    assert {each["detail"] for each in ended.result["attempts"]} >= {"AF_INET, raw", "AF_PACKET, raw"}
    assert not any(flow["destination"]["ip"] == "203.0.113.21" for flow in ended.result["flows"])


def test_nothing_is_laid_to_nobody(ended):
    nobody = [each["message"] for each in ended.result["findings"] if not each["process"]["executable"]]
    assert nobody == []
    assert ended.result["coverage"]["packets"]["dropped"] == 0
