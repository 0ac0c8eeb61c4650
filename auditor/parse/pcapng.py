"""Writing and reading pcapng, the capture format with several interfaces and nanoseconds.

Not a dissector: frames stay bytes (`auditor.parse.packet`). The format is draft-ietf-opsawg-pcapng.

>>> import io
>>> data = section(application="audit") + interface("lo") + packet(0, 1_000, b"frame", 900)
>>> next(iter(read(io.BytesIO(data))))
CapturedPacket(interface='lo', time_ns=1000, original=900, data=b'frame')
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import BinaryIO
from typing import Final
from typing import NamedTuple

MAX_BLOCK: Final = 16 << 20
"""Longest block that is read."""
MAX_INTERFACES: Final = 1024
LINKTYPE_ETHERNET: Final = 1

_SECTION, _INTERFACE, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 5, 6
_SECRETS, _TLS_KEY_LOG = 0x0000000A, 0x544C534B
_MAGIC = 0x1A2B3C4D
_OPT_COMMENT, _IF_NAME, _IF_TSRESOL, _IF_DESCRIPTION = 1, 2, 9, 3
_SHB_HARDWARE, _SHB_OS, _SHB_APPLICATION = 2, 3, 4
_ISB_RECEIVED, _ISB_DROPPED = 4, 5
_NANOSECONDS = 9

_PACKET_HEAD = struct.Struct("<IIIIIII")  # type, length, interface, time high, time low, captured, original
_LENGTH = struct.Struct("<I")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")


def section(*, hardware: str = "", system: str = "", application: str = "") -> bytes:
    """Section Header Block: the first block of a file."""
    options = ((_SHB_HARDWARE, hardware), (_SHB_OS, system), (_SHB_APPLICATION, application))
    body = struct.pack("<IHHq", _MAGIC, 1, 0, -1)
    return _block(_SECTION, body + _options(*((code, text.encode()) for code, text in options if text)))


def interface(name: str, *, description: str = "", snap: int = 0, link: int = LINKTYPE_ETHERNET) -> bytes:
    """Interface Description Block with nanosecond time stamps; the first one is number 0."""
    options = [(_IF_NAME, name.encode()), (_IF_TSRESOL, bytes([_NANOSECONDS]))]
    if description:
        options.insert(1, (_IF_DESCRIPTION, description.encode()))
    return _block(_INTERFACE, struct.pack("<HHI", link, 0, snap) + _options(*options))


def packet(number: int, time_ns: int, data: bytes | memoryview, original: int) -> bytes:
    """Enhanced Packet Block on interface `number`; `original` is the length on the wire."""
    size = len(data)
    total = 32 + (size + 3 & ~3)
    head = _PACKET_HEAD.pack(
        _PACKET, total, number, time_ns >> 32, time_ns & 0xFFFFFFFF, size, original
    )  # fmt: skip
    return b"".join((head, data, _PADDING[size & 3], _LENGTH.pack(total)))


def statistics(number: int, time_ns: int, *, received: int, dropped: int) -> bytes:
    """Interface Statistics Block: what the capture itself counted."""
    options = _options(
        (_ISB_RECEIVED, struct.pack("<Q", received)), (_ISB_DROPPED, struct.pack("<Q", dropped))
    )
    return _block(_STATISTICS, struct.pack("<III", number, time_ns >> 32, time_ns & 0xFFFFFFFF) + options)


def secrets(key_log: bytes) -> bytes:
    """Decryption Secrets Block with a TLS key log (RFC 9850); must precede what it decrypts."""
    body = struct.pack("<II", _TLS_KEY_LOG, len(key_log)) + key_log + _PADDING[len(key_log) & 3]
    return _block(_SECRETS, body)


def _options(*pairs: tuple[int, bytes]) -> bytes:
    if not pairs:
        return b""
    coded = (struct.pack("<HH", code, len(data)) + data + _PADDING[len(data) & 3] for code, data in pairs)
    return b"".join(coded) + bytes(4)


def _block(kind: int, body: bytes) -> bytes:
    total = 12 + len(body)
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)


class CapturedPacket(NamedTuple):
    """One frame. A tuple, because a dataclass takes longer to make than the frame to read."""

    interface: str
    """Name of the interface, or its number where it has none."""
    time_ns: int
    """Nanoseconds since the epoch."""
    original: int
    """Length on the wire."""
    data: bytes
    """What was kept of it."""


@dataclass(frozen=True, slots=True)
class _Interface:
    name: str
    ticks: int
    """Time stamp units in a second."""


@dataclass(slots=True)
class _Section:
    order: str
    """`<` or `>`."""
    interfaces: list[_Interface] = field(default_factory=list)


def read(stream: BinaryIO) -> Iterator[CapturedPacket]:
    """Packets in file order; blocks of other kinds are skipped, a cut-off last block ends it silently.

    Raises:
        ValueError: the data is no pcapng, or a block is inconsistent or longer than `MAX_BLOCK`.
    """
    current: _Section | None = None
    while block := _next_block(stream, current):
        kind, body, order = block
        if kind == _SECTION:
            current = _Section(order)
        elif current is None:
            raise ValueError("no section header at the beginning")
        elif kind == _INTERFACE:
            _add_interface(current, body)
        elif kind == _PACKET:
            yield _read_packet(current, body)


def _next_block(stream: BinaryIO, current: _Section | None) -> tuple[int, bytes, str] | None:
    head = stream.read(8)
    if len(head) < 8:
        return None
    order = current.order if current else "<"
    if head[:4] == b"\n\r\r\n":
        magic = stream.read(4)
        if len(magic) < 4:
            return None
        order = _order(magic)
        rest = 4
    else:
        magic, rest = b"", 0
    kind, length = struct.unpack(order + "II", head)
    if length < 12 + rest or length % 4 or length > MAX_BLOCK:
        raise ValueError(f"a block of {length} bytes")
    body = magic + stream.read(length - 8 - rest)
    if len(body) < length - 8:
        return None
    if struct.unpack_from(order + "I", body, length - 12)[0] != length:
        raise ValueError("the two lengths of a block differ")
    return kind, body[:-4], order


def _order(magic: bytes) -> str:
    for order in "<>":
        if struct.unpack(order + "I", magic)[0] == _MAGIC:
            return order
    raise ValueError("no byte-order magic in the section header")


def _add_interface(current: _Section, body: bytes) -> None:
    if len(body) < 8:
        raise ValueError("an interface description of less than 8 bytes")
    if len(current.interfaces) >= MAX_INTERFACES:
        raise ValueError(f"more than {MAX_INTERFACES} interfaces")
    name, ticks = str(len(current.interfaces)), 10**6
    for code, value in _read_options(current.order, body[8:]):
        if code == _IF_NAME:
            name = value.rstrip(b"\0").decode("utf-8", "replace")
        elif code == _IF_TSRESOL and value:
            exponent = value[0] & 0x7F
            ticks = 1 << exponent if value[0] & 0x80 else 10**exponent
    current.interfaces.append(_Interface(name, ticks))


def _read_options(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + 4 <= len(data):
        code, length = struct.unpack_from(order + "HH", data, offset)
        if code == 0:
            return
        if offset + 4 + length > len(data):
            raise ValueError("an option is longer than its block")
        yield code, data[offset + 4 : offset + 4 + length]
        offset += 4 + (length + 3 & ~3)


def _read_packet(current: _Section, body: bytes) -> CapturedPacket:
    if len(body) < 20:
        raise ValueError("a packet block of less than 20 bytes")
    number, high, low, captured, original = struct.unpack_from(current.order + "IIIII", body)
    if captured > len(body) - 20:
        raise ValueError("a packet is longer than its block")
    if number >= len(current.interfaces):
        raise ValueError(f"a packet on the undescribed interface {number}")
    where = current.interfaces[number]
    time_ns = ((high << 32) + low) * 10**9 // where.ticks
    return CapturedPacket(where.name, time_ns, original, body[20 : 20 + captured])
