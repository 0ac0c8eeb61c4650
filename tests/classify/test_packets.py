from __future__ import annotations

import ipaddress
import struct

import pytest

from auditor.classify.case import classify
from auditor.parse import pcapng

MARKER = "velka-zofin-4821"
BOX = "192.168.77.23"


def ipv4(protocol: int, source: str, destination: str, payload: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0,
                       ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed)  # fmt: skip
    return bytes(12) + b"\x08\x00" + head + payload


def udp(source: str, sport: int, destination: str, dport: int, payload: bytes) -> bytes:
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    return ipv4(17, source, destination, head + payload)


def icmp(source: str, destination: str, payload: bytes) -> bytes:
    return ipv4(1, source, destination, struct.pack("!BBHHH", 8, 0, 0, 1, 1) + payload)


def capture(run, *frames: bytes, interface: str = "gw0") -> None:
    zero = run.write.__self__.journal.zero
    import time

    now = time.time() - (time.monotonic() - zero) + run.clock
    data = pcapng.section() + pcapng.interface(interface)
    data += b"".join(pcapng.packet(0, int(now * 1e9), frame, len(frame)) for frame in frames)
    run.directory.packets.write_bytes(data)


@pytest.fixture
def planted(run):
    run.canary(MARKER)
    run.flow("10.1", "198.18.0.5")
    return run


def sightings(case):
    return {(one.where, one.subject, one.direction) for report in case.canaries for one in report.found}


def test_icmp_payload_is_searched(planted):
    capture(planted, icmp(BOX, "203.0.113.7", MARKER.encode()))
    assert sightings(classify(planted.seal())) == {("packet", "packets.pcapng", "out")}


def test_multicast_belongs_to_its_attempt(planted):
    planted.call("10.1", "224.0.0.251", 5353, call="sendto", type="dgram")
    capture(planted, udp(BOX, 5353, "224.0.0.251", 5353, MARKER.encode()))
    case = classify(planted.seal())
    assert sightings(case) == {("packet", "a1", "out")}
    attempt = next(flow for flow in case.flows if flow.id == "a1")
    assert (attempt.canaries, attempt.bytes_out, attempt.visibility) == (("prompt-1",), 16, "decrypted")


def test_marker_over_two_datagrams_is_joined(planted):
    half = MARKER.encode()[:8], MARKER.encode()[8:]
    capture(planted, *(udp(BOX, 4000, "203.0.113.7", 9, part) for part in half))
    assert sightings(classify(planted.seal())) == {("packet", "packets.pcapng", "out")}


def test_answers_are_told_apart(planted):
    capture(planted, udp("203.0.113.7", 9, BOX, 4000, MARKER.encode()))
    assert sightings(classify(planted.seal())) == {("packet", "packets.pcapng", "in")}


def test_flows_lookups_and_loopback_are_read_elsewhere(planted):
    planted.lookup("10.1", "x.example", client_port=50001)
    planted.flow("10.1", "198.18.0.9", 7009, transport="udp", client_port=4001)
    capture(
        planted,
        udp(BOX, 50001, "192.168.77.1", 53, MARKER.encode()),
        udp(BOX, 4001, "198.18.0.9", 7009, MARKER.encode()),
    )
    assert sightings(classify(planted.seal())) == set()


def test_loopback_interface_never_leaves(planted):
    capture(planted, icmp(BOX, "203.0.113.7", MARKER.encode()), interface="lo")
    assert sightings(classify(planted.seal())) == set()


def test_broken_capture_is_a_gap(planted):
    planted.directory.packets.write_bytes(b"no capture at all")
    case = classify(planted.seal())
    assert any("cannot be read to its end" in gap.text and gap.blinds for gap in case.coverage.gaps)


def test_broken_frames_are_skipped(planted):
    capture(planted, b"\x00" * 5, icmp(BOX, "203.0.113.7", MARKER.encode()))
    assert sightings(classify(planted.seal()))
