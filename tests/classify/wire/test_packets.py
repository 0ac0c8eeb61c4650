from __future__ import annotations

import pytest

from auditor.classify.case import classify

MARKER = "velka-zofin-4821"
BOX = "192.168.77.23"


@pytest.fixture
def planted(run):
    run.canary(MARKER)
    run.flow("10.1", "198.18.0.5")
    return run


def sightings(case):
    return {(one.where, one.subject, one.direction) for report in case.canaries for one in report.found}


def test_icmp_payload_is_searched(planted, frames):
    planted.capture(frames.icmp(BOX, "203.0.113.7", MARKER.encode()))
    assert sightings(classify(planted.seal())) == {("packet", "p1", "out")}


def test_multicast_belongs_to_its_attempt(planted, frames):
    planted.call("10.1", "224.0.0.251", 5353, call="sendto", type="dgram")
    planted.capture(frames.udp(BOX, 5353, "224.0.0.251", 5353, MARKER.encode()))
    case = classify(planted.seal())
    assert sightings(case) == {("packet", "a1", "out")}
    attempt = next(flow for flow in case.flows if flow.id == "a1")
    assert (attempt.canaries, attempt.bytes_out, attempt.visibility) == (("prompt-1",), 16, "decrypted")


def test_marker_over_two_datagrams_is_joined(planted, frames):
    half = MARKER.encode()[:8], MARKER.encode()[8:]
    planted.capture(*(frames.udp(BOX, 4000, "203.0.113.7", 9, part) for part in half))
    assert sightings(classify(planted.seal())) == {("packet", "p1", "out")}


def test_answers_are_told_apart(planted, frames):
    planted.capture(frames.udp("203.0.113.7", 9, BOX, 4000, MARKER.encode()))
    assert sightings(classify(planted.seal())) == {("packet", "packets.pcapng", "in")}


def test_flows_lookups_and_loopback_are_read_elsewhere(planted, frames):
    planted.lookup("10.1", "x.example", client_port=50001)
    known = planted.flow("10.1", "198.18.0.9", 7009, transport="udp", client_port=4001)
    planted.close(known, "raw", bytes_out=16)
    planted.capture(
        frames.udp(BOX, 50001, "192.168.77.1", 53, MARKER.encode()),
        frames.udp(BOX, 4001, "198.18.0.9", 7009, MARKER.encode()),
    )
    assert sightings(classify(planted.seal())) == set()


def test_loopback_interface_never_leaves(planted, frames):
    planted.capture(frames.icmp(BOX, "203.0.113.7", MARKER.encode()), interface="lo")
    assert sightings(classify(planted.seal())) == set()


def test_broken_capture_is_a_gap(planted, frames):
    planted.directory.packets.write_bytes(b"no capture at all")
    case = classify(planted.seal())
    assert any("cannot be read to its end" in gap.text and gap.blinds for gap in case.coverage.gaps)


def test_broken_frames_are_skipped(planted, frames):
    planted.capture(b"\x00" * 5, frames.icmp(BOX, "203.0.113.7", MARKER.encode()))
    assert sightings(classify(planted.seal()))
