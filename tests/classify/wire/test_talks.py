from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from auditor.classify.wire import talks
from auditor.classify.wire.known import key
from auditor.parse import pcapng

BOX, FAR = "192.168.77.23", "203.0.113.9"
SYN, FIN, RST, ACK = 2, 1, 4, 16


@pytest.fixture
def tallied(frames):
    """Tallies frames against conversations that the journal knows."""

    def run(*made, known=(), interface="eth0", snap=1 << 18, tail=b""):
        data = pcapng.section() + pcapng.interface(interface)
        data += b"".join(pcapng.packet(0, n, frame[:snap], len(frame)) for n, frame in enumerate(made)) + tail
        taken = []
        wire = SimpleNamespace(
            known=frozenset(known),
            gateways={frames.packed("192.168.77.1")},
            left=lambda frame, _: frame[6:12] != frames.GATEWAY_MAC,
            role=lambda *_: "app",
        )
        found = talks.tally(io.BytesIO(data), wire, lambda *one: taken.append(one))
        return found, taken

    return run


def connection(frames, *segments, isn=1000):
    """(offset from the first byte, payload, flags) each."""
    return [
        frames.tcp(BOX, 4001, FAR, 80, payload, seq=isn + 1 + at if not flags & SYN else isn, flags=flags)
        for at, payload, flags in segments
    ]


TCP = key("tcp", BOX, 4001, FAR, 80)


@pytest.mark.parametrize("isn", [1000, (1 << 32) - 3])
@pytest.mark.parametrize(
    ("segments", "sent"),
    [
        ([(0, b"", SYN), (0, b"abc", ACK), (3, b"de", ACK), (5, b"", FIN | ACK), (6, b"", ACK)], 5),
        ([(0, b"", SYN), (0, b"abc", ACK), (0, b"abc", ACK), (3, b"de", ACK), (0, b"abcde", ACK)], 5),
        ([(0, b"", SYN), (0, b"", SYN), (0, b"abc", ACK)], 3),
        ([(0, b"fast", SYN), (0, b"fast", ACK)], 4),
        ([(0, b"", SYN), (3, b"late", ACK), (0, b"abc", ACK)], 7),
        ([(0, b"no beginning", ACK)], 12),
        ([(0, b"", SYN), (-1, b"", ACK), (0, b"", RST)], 0),
    ],
)
def test_bytes_of_a_connection_count_once(tallied, frames, segments, sent, isn):
    found, taken = tallied(*connection(frames, *segments, isn=isn), known=[TCP])
    assert found.known[TCP].sent == sent
    assert (found.known[TCP].frames, taken) == (len(segments), [])


def test_a_port_that_is_used_again_is_another_connection(tallied, frames):
    first = connection(frames, (0, b"", SYN), (0, b"abc", ACK))
    second = connection(frames, (0, b"", SYN), (0, b"defg", ACK), isn=77)
    assert tallied(*first, *second, known=[TCP])[0].known[TCP].sent == 7


def test_a_segment_that_was_cut_off_counts_whole(tallied, frames):
    made = connection(frames, (0, b"", SYN), (0, b"x" * 1000, ACK))
    found, _ = tallied(*made, known=[TCP], snap=256)
    assert (found.known[TCP].sent, found.known[TCP].payload) == (1000, 1000)


def test_what_the_journal_does_not_know_is_handed_out(tallied, frames):
    found, taken = tallied(frames.udp(BOX, 4002, FAR, 9, b"hello"))
    unknown = key("udp", BOX, 4002, FAR, 9)
    assert taken == [(unknown, "out", "app", b"hello")]
    talk = found.strange[unknown, "app"]
    assert (talk.frames, talk.payload, talk.whole, talk.first_frame) == (1, 5, True, 1)


@pytest.mark.parametrize(("kind", "handed_out"), [(3, []), (8, ["out"])])
def test_an_error_only_quotes_what_came_in(tallied, frames, kind, handed_out):
    _, taken = tallied(frames.icmp(BOX, FAR, b"an answer that nobody waited for", kind=kind))
    assert [direction for _, direction, _, _ in taken] == handed_out


def test_later_fragments_belong_to_the_first(tallied, frames):
    parts = [
        frames.udp(BOX, 4002, FAR, 9, b"first", fragment=0x2000, id_=7),
        frames.ip(17, BOX, FAR, b"second", fragment=0x2002, id_=7),
        frames.ip(17, BOX, FAR, b"third", fragment=0x0004, id_=7),
        frames.ip(17, BOX, FAR, b"of another", fragment=0x0004, id_=8),
    ]
    ends = key("udp", BOX, 4002, FAR, 9)
    found, taken = tallied(*parts, known=[ends])
    assert (found.known[ends].frames, found.known[ends].payload, found.known[ends].later) == (3, 16, 2)
    assert taken == [(key("udp", BOX, 0, FAR, 0), "out", "app", b"of another")]
    _, taken = tallied(*parts[:3])
    assert b"".join(payload for _, _, _, payload in taken) == b"firstsecondthird"
    assert {ends for ends, *_ in taken} == {ends}


def test_options_of_known_packets_are_handed_out_too(tallied, frames):
    ends = key("udp", BOX, 4002, FAR, 9)
    route = b"\x07\x07\x04code\0"
    _, taken = tallied(frames.udp(BOX, 4002, FAR, 9, b"hi", options=route), known=[ends])
    assert taken == [(ends, "out", "app", route)]


def test_what_arrives_is_counted_and_searched(tallied, frames):
    made = frames.udp(FAR, 9, BOX, 4002, b"answer", arriving=True)
    found, taken = tallied(made)
    assert (found.arrived.frames, found.arrived.bytes) == (1, len(made))
    assert taken == [(key("udp", BOX, 4002, FAR, 9), "in", "app", b"answer")]
    assert tallied(made, known=[key("udp", BOX, 4002, FAR, 9)])[1] == []


def test_loopback_leads_nowhere(tallied, frames):
    found, taken = tallied(frames.udp(BOX, 4002, FAR, 9, b"hello"), interface="lo")
    assert (found.inside.frames, taken, found.strange) == (1, [], {})


def test_what_cannot_be_taken_apart_is_kept(tallied, frames):
    broken = frames.ether(0x0800, b"\x45broken")
    found, taken = tallied(broken, frames.ether(0x0800, b"\x45", arriving=True))
    assert taken == [(talks.UNREADABLE, "out", "app", broken)]
    assert (found.strange[talks.UNREADABLE, "app"].frames, found.arrived.frames) == (1, 1)
    assert "cut off" in found.complaint


def test_a_broken_file_says_so_and_keeps_what_it_had(tallied, frames):
    found, _ = tallied(frames.udp(BOX, 4002, FAR, 9, b"hello"), tail=b"\x06\0\0\0\x07\0\0\0")
    assert "7 bytes" in found.broken
    assert len(found.strange) == 1


def test_too_many_conversations_become_one(tallied, frames, monkeypatch):
    monkeypatch.setattr(talks, "MOST_STRANGE", 3)
    found, _ = tallied(*(frames.udp(BOX, 4002, FAR, port, b"x") for port in range(1, 11)))
    assert len(found.strange) == 4
    assert found.strange[talks.OVERFLOW, "app"].frames == 7


def test_rereading_hands_out_known_conversations(frames):
    ends = key("udp", BOX, 4002, FAR, 9)
    data = pcapng.section() + pcapng.interface("eth0")
    made = (
        frames.udp(BOX, 4002, FAR, 9, b"wanted"),
        frames.udp(BOX, 4003, FAR, 9, b"not"),
        frames.udp(FAR, 9, BOX, 4002, b"nor this", arriving=True),
    )
    data += b"".join(pcapng.packet(0, n, frame, len(frame)) for n, frame in enumerate(made))
    wire = SimpleNamespace(known=frozenset([ends]), gateways=set(), role=lambda *_: "app")
    wire.left = lambda frame, _: frame[6:12] != frames.GATEWAY_MAC
    wire.without = lambda keys: SimpleNamespace(**{**vars(wire), "known": wire.known - set(keys)})
    taken = []
    talks.reread(io.BytesIO(data), wire, {ends: "app"}, lambda *one: taken.append(one))
    assert taken == [(ends, "out", "app", b"wanted")]
