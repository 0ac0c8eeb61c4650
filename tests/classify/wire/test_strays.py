from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.classify.wire.talks import UNREADABLE

BOX, BOX6, FAR = "192.168.77.23", "fd77::23", "203.0.113.9"


@pytest.fixture
def run(blank):
    blank.open(gateway_mac="3c:fd:fe:00:00:01")
    blank.process("10.1")
    return blank


def flows(run):
    return {flow.id: flow for flow in classify(run.seal()).flows}


def test_a_ping_on_a_connected_socket_is_a_contact_of_its_own(run, frames):
    run.call("10.1", FAR, 0, type="dgram", protocol=1)
    run.capture(frames.icmp(BOX, FAR, b"hello"), frames.icmp(BOX, FAR, b"again"))
    [flow] = flows(run).values()
    assert (flow.id, flow.transport, flow.destination.ip, flow.destination.port) == ("p1", "icmp", FAR, 0)
    assert (flow.process.key, flow.process.attribution) == ("10.1", "recent-connect")
    assert (flow.visibility, flow.bytes_out, flow.phase) == ("decrypted", 18, "start")
    assert flow.evidence == ("packets.pcapng:1",)
    assert "packet capture" in flow.note


def test_who_bound_the_port_may_have_sent_by_sendmsg(run, frames):
    run.call("10.1", "0.0.0.0", 5454, call="bind", type="dgram")
    run.capture(frames.udp(BOX, 5454, "224.0.0.251", 5353, b"mdns"))
    flow = flows(run)["p1"]
    assert (flow.process.key, flow.process.attribution) == ("10.1", "bind")
    assert "multicast" in flow.note


def test_nobody_is_named_without_a_reason(run, frames):
    run.call("10.1", "203.0.113.10", 5454, type="dgram")
    run.capture(frames.udp(BOX, 5454, "224.0.0.251", 5353, b"mdns"))
    assert flows(run)["p1"].process.key is None


@pytest.mark.parametrize(
    ("call", "frame"),
    [
        ({"type": "dgram", "protocol": 1, "port": 7}, ("icmp", BOX, FAR, b"hello")),
        ({"type": "dgram", "protocol": 136, "port": 9}, ("udp", BOX, 4002, FAR, 9, b"hello")),
        ({"type": "dgram", "protocol": 17, "port": 9}, ("udp", BOX, 4002, FAR, 9, b"hello")),
    ],
)
def test_what_was_sent_belongs_to_its_attempt(run, frames, call, frame):
    run.call("10.1", FAR, call="sendto", **call)
    maker, *arguments = frame
    protocol = {"protocol": call["protocol"]} if maker == "udp" else {}
    run.capture(getattr(frames, maker)(*arguments, **protocol))
    [flow] = flows(run).values()
    assert (flow.id, flow.visibility) == ("a1", "decrypted")
    assert flow.bytes_out == (9 if maker == "icmp" else 5)
    assert "never connected" not in flow.note


@pytest.mark.parametrize("sought", ["192.168.77.99", "fd77::99"])
def test_asking_who_is_there_tells_the_neighbours_an_address(run, frames, sought):
    asked = frames.arp(BOX, sought)
    if ":" in sought:
        asked = frames.icmp(BOX6, "ff02::1:ff00:99", frames.packed(sought), kind=135)
    run.capture(asked, asked)
    [flow] = flows(run).values()
    assert (flow.destination.ip, flow.visibility, flow.bytes_out) == (sought, "metadata-only", 0)
    assert "hardware address" in flow.note


def test_it_belongs_to_the_attempt_that_caused_it(run, frames):
    run.call("10.1", "192.168.77.99", 80)
    run.capture(frames.arp(BOX, "192.168.77.99"))
    case = classify(run.seal())
    assert [flow.id for flow in case.flows] == ["a1"]
    assert case.coverage.ledger.unaccounted == 0


def test_a_connection_that_nobody_accepted_belongs_to_its_attempt_while_it_is_empty(run, frames):
    run.call("10.1", FAR, 99)
    run.capture(frames.tcp(BOX, 4002, FAR, 99, flags=2), frames.tcp(BOX, 4002, FAR, 99, flags=2))
    ledger = classify(run.seal()).coverage.ledger
    assert (ledger.frames("metadata-only"), ledger.unaccounted) == (2, 0)


def test_what_nobody_took_of_a_connection_belongs_to_nothing(run, frames):
    run.call("10.1", FAR, 99)
    run.capture(frames.tcp(BOX, 4002, FAR, 99, b"content"))
    ledger = classify(run.seal()).coverage.ledger
    assert (ledger.unaccounted, ledger.examples) == (
        1,
        (f"TCP to {FAR} port 99 from port 4002 (1 frame, 61 bytes)",),
    )


def test_what_our_own_programs_sent_is_theirs(run, frames):
    run.phase("control")
    run.process("20.1", role="control")
    run.call("20.1", FAR, 0, call="sendto", type="dgram", protocol=1, role="control")
    run.capture(frames.icmp(BOX, FAR, b"hello"), frames.udp(BOX, 5454, "224.0.0.251", 5353, b"mdns"))
    case = classify(run.seal())
    assert case.flows == ()
    assert (case.coverage.ledger.frames("own"), case.coverage.ledger.unaccounted) == (2, 0)


def test_joined_groups_are_a_contact(run, frames):
    run.capture(frames.ip(2, BOX, "224.0.0.22", b"\x22\0\0\0\0\0\0\1\4\0\0\0\xef\1\2\3"))
    assert "multicast groups" in flows(run)["p1"].note


def test_what_is_no_ip_or_cannot_be_read_names_nobody(run, frames):
    run.capture(frames.ether(0x88CC, b"lldp"), frames.ether(0x0800, b"\x45"))
    case = classify(run.seal())
    assert case.flows == ()
    assert case.coverage.ledger.unaccounted == 2
    assert "ether:0x88cc, which is no IP" in case.coverage.ledger.examples[0]
    assert "could not be taken apart" in case.coverage.ledger.examples[1]
    assert UNREADABLE[3] == b""
