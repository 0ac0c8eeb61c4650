from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.utils import PcapNgReader

from auditor.parse import pcapng

HEAD = pcapng.section(application="audit") + pcapng.interface("gw0", snap=256) + pcapng.interface("lo")


def read(data: bytes) -> list[pcapng.CapturedPacket]:
    return list(pcapng.read(io.BytesIO(data)))


packets = st.tuples(
    st.integers(0, 1), st.integers(0, 2**63 - 1), st.binary(max_size=70), st.integers(0, 2**32 - 1)
)


@given(st.lists(packets, max_size=10))
def test_what_is_written_is_read(written):
    data = HEAD + b"".join(pcapng.packet(*each) for each in written)
    data += pcapng.statistics(0, 5, received=len(written), dropped=2)
    expected = [(("gw0", "lo")[number], at, length, frame) for number, at, frame, length in written]
    assert [(p.interface, p.time_ns, p.original, p.data) for p in read(data)] == expected


def test_scapy_reads_it_too(tmp_path):
    path = tmp_path / "packets.pcapng"
    frames = [bytes(14) + bytes([number]) * number for number in range(20)]
    blocks = (
        pcapng.packet(n % 2, 1_700_000_000_123_456_789 + n, frame, 5000) for n, frame in enumerate(frames)
    )
    path.write_bytes(HEAD + pcapng.secrets(b"CLIENT_RANDOM 00 11\n") + b"".join(blocks))
    with PcapNgReader(str(path)) as reader:
        found = list(reader)
    assert [bytes(each) for each in found] == frames
    assert {each.wirelen for each in found} == {5000}
    assert found[0].time == pytest.approx(1_700_000_000.123456789)


def test_secrets_and_strange_blocks_are_skipped():
    strange = struct.pack("<II", 0x0BAD, 16) + b"body" + struct.pack("<I", 16)
    data = HEAD + pcapng.secrets(b"key log") + strange + pcapng.packet(0, 1, b"f", 1)
    assert len(read(data)) == 1


def test_big_endian_sections_in_microseconds():
    def block(kind: int, body: bytes) -> bytes:
        return struct.pack(">II", kind, len(body) + 12) + body + struct.pack(">I", len(body) + 12)

    section = block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
    data = (
        section
        + block(1, struct.pack(">HHI", 1, 0, 0))
        + block(6, struct.pack(">IIIII", 0, 0, 7, 2, 2) + b"ab\0\0")
    )
    (packet,) = read(data)
    assert (packet.interface, packet.time_ns, packet.data) == ("0", 7000, b"ab")


def test_a_second_section_begins_anew():
    other = pcapng.section() + pcapng.interface("eth9") + pcapng.packet(0, 1, b"x", 1)
    assert [each.interface for each in read(HEAD + pcapng.packet(1, 1, b"y", 1) + other)] == ["lo", "eth9"]


def test_a_cut_off_last_block_ends_it():
    whole = HEAD + pcapng.packet(0, 1, b"one", 3) + pcapng.packet(0, 2, b"two", 3)
    for length in range(len(whole) - 36 + 1, len(whole)):
        assert [each.data for each in read(whole[:length])] == [b"one"]


@pytest.mark.parametrize(
    "data",
    [
        b"not a capture at all",
        pcapng.interface("lo"),
        pcapng.section()[:8] + b"\1\2\3\4" + pcapng.section()[12:],
        pcapng.section() + pcapng.packet(0, 1, b"", 0),
        HEAD + struct.pack("<III", 6, 8, 8),
        HEAD + struct.pack("<II", 6, pcapng.MAX_BLOCK + 4),
        HEAD + struct.pack("<II", 6, 33),
        HEAD + pcapng.packet(0, 1, b"abcd", 4)[:-4] + struct.pack("<I", 99),
        HEAD + struct.pack("<IIIIIIII", 6, 32, 0, 0, 0, 500, 500, 32),
        pcapng.section() + struct.pack("<IIHHI", 1, 24, 1, 0, 0) + struct.pack("<HHI", 2, 99, 24),
        pcapng.section() + pcapng.interface("x") * (pcapng.MAX_INTERFACES + 1),
    ],
)
def test_bad_files_are_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - any of them, and nothing else
        read(data)


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_read(data):
    try:
        read(data)
    except ValueError:
        return


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=5))
def test_damaged_files_are_refused_or_read(changes):
    damaged = bytearray(
        HEAD + pcapng.packet(0, 1, b"payload", 7) + pcapng.statistics(0, 1, received=1, dropped=0)
    )
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        read(bytes(damaged))
    except ValueError:
        return
