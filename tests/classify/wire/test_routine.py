from __future__ import annotations

import struct

import pytest

from auditor.classify.wire.routine import SEEKING
from auditor.classify.wire.routine import is_routine
from auditor.classify.wire.routine import target
from auditor.parse.packet import dissect

BOX, GATEWAY, BOX6, GATEWAY6 = "192.168.77.23", "192.168.77.1", "fd77::23", "fd77::1"


@pytest.fixture(scope="module")
def gateways(frames):
    return {frames.packed(GATEWAY), frames.packed(GATEWAY6)}


def solicitation(frames, wanted, source=BOX6):
    # icmp() puts 4 bytes (identifier, sequence) behind the checksum, where this message has 4 reserved ones
    return dissect(frames.icmp(source, "ff02::1:ff00:1", frames.packed(wanted), kind=135))


def report(frames, *groups, cut=0):
    records = b"".join(struct.pack("!BBH", 4, 0, 0) + frames.packed(group) for group in groups)
    body = frames.icmp(BOX6, "ff02::16", records, kind=143)
    return dissect(body[: len(body) - cut], len(body))


def test_looking_for_our_own_end_is_routine(frames, gateways):
    assert is_routine(dissect(frames.arp(BOX, GATEWAY)), gateways)
    assert is_routine(dissect(frames.arp(BOX, BOX)), gateways)
    assert is_routine(dissect(frames.arp(BOX, "192.168.77.99", 2)), gateways)
    assert is_routine(solicitation(frames, GATEWAY6), gateways)
    assert is_routine(solicitation(frames, BOX6, source="::"), gateways)


def test_looking_for_anybody_else_is_not(frames, gateways):
    assert not is_routine(dissect(frames.arp(BOX, "192.168.77.99")), gateways)
    assert not is_routine(solicitation(frames, "fd77::99"), gateways)


@pytest.mark.parametrize(
    ("source", "kind", "routine"),
    [
        (BOX, 8, False),
        (BOX, 3, True),
        (BOX, 11, True),
        (BOX6, 128, False),
        (BOX6, 1, True),
        (BOX6, 133, True),
        (BOX6, 136, True),
        (BOX6, 130, False),
    ],
)
def test_control_messages(frames, gateways, source, kind, routine):
    far = "2001:db8::9" if ":" in source else "203.0.113.9"
    assert is_routine(dissect(frames.icmp(source, far, b"x" * 16, kind=kind)), gateways) is routine


def test_groups_that_every_address_joins_are_routine(frames, gateways):
    assert is_routine(report(frames, "ff02::1:ff00:23", "ff02::1:ff11:2233"), gateways)


def test_groups_that_a_program_joined_are_not(frames, gateways):
    assert not is_routine(report(frames, "ff02::1:ff00:23", "ff02::1234"), gateways)
    assert is_routine(report(frames, "ff02::1:ff00:23", "ff02::fb"), gateways)
    assert not is_routine(report(frames, "ff02::1:ff00:23", cut=3), gateways)


@pytest.mark.parametrize(
    ("group", "routine"), [("224.0.0.251", True), ("239.255.255.250", True), ("239.1.2.3", False)]
)
def test_groups_of_services_tell_nothing(frames, gateways, group, routine):
    record = b"\x04\0\0\0" + frames.packed(group)
    made = dissect(frames.ip(2, BOX, "224.0.0.22", b"\x22\0\0\0\0\0\0\1" + record))
    assert is_routine(made, gateways) is routine
    leaving = dissect(frames.ip(2, BOX, group, b"\x17\0\0\0" + frames.packed(group)))
    assert not is_routine(leaving, gateways)


def test_datagrams_and_joined_groups_of_ipv4_never_are(frames, gateways):
    assert not is_routine(dissect(frames.udp(BOX, 1, "203.0.113.9", 2, b"x")), gateways)
    assert not is_routine(dissect(frames.ip(2, BOX, "224.0.0.22", bytes(16))), gateways)


def test_a_neighbour_that_is_sought_is_the_far_side(frames):
    key = ("icmpv6", frames.packed(BOX6), 0, frames.packed("ff02::1:ff00:99"), 0)
    found = target(key, solicitation(frames, "fd77::99"))
    assert found == (SEEKING, frames.packed(BOX6), 0, frames.packed("fd77::99"), 0)
    echo = dissect(frames.icmp(BOX6, "fd77::99", kind=128))
    assert target(key, echo) == key
