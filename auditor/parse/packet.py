"""One Ethernet frame taken apart down to the transport header.

Not a reassembler and no protocol decoder: the payload stays bytes, fragments stay fragments.

>>> frame = bytes(12) + bytes.fromhex("0800" "4500001d00000000401100007f0000017f000001" "0035c000000900002a")
>>> packet = dissect(frame)
>>> packet.transport, packet.source_ip, packet.source_port, packet.payload
('udp', '127.0.0.1', 53, b'*')
"""

from __future__ import annotations

import enum
import functools
import ipaddress
import struct
from collections.abc import Callable
from collections.abc import Collection
from typing import Final
from typing import NamedTuple


class Direction(enum.StrEnum):
    """Which way a packet goes, seen from the app."""

    OUT = "out"
    IN = "in"
    LOCAL = "local"
    """Both ends are the app's own."""
    OTHER = "other"
    """Neither is, or there are no addresses: multicast from a neighbour, a frame without IP."""


class Packet(NamedTuple):
    """What the headers of a frame say.

    A tuple, because a frozen dataclass of this size takes longer to make than the frame to dissect.
    """

    transport: str
    """`tcp`, `udp`, `udplite`, `icmp`, `icmpv6`, `igmp`, `arp`, the IP protocol's number, or
    `ether:0x88cc` for what is no IP at all."""
    source: bytes
    """Packed IP address, 4 or 16 bytes; empty where there is none."""
    source_port: int
    """0 where the transport has none, and in all fragments but the first."""
    destination: bytes
    destination_port: int
    flags: int
    """TCP flags (RFC 9293, 3.1), or the message type of ICMP, ICMPv6 and IGMP, or the ARP operation."""
    payload: bytes
    """What was captured behind the transport header."""
    payload_bytes: int
    """How long that was on the wire."""
    sequence: int = 0
    """TCP's sequence number: of the SYN, or else of the payload's first byte."""
    fragment: int = -1
    """Which packet this is a fragment of (RFC 791, 3.2; RFC 8200, 4.5); -1 for a whole one."""
    options: bytes = b""
    """IPv4 options, or the IPv6 extension headers: a program may choose what is in them."""

    @property
    def source_ip(self) -> str:
        """Source address as text, empty where there is none."""
        return _text(self.source)

    @property
    def destination_ip(self) -> str:
        """Destination address as text, empty where there is none."""
        return _text(self.destination)

    @property
    def five_tuple(self) -> tuple[str, str, int, str, int]:
        """Transport, source address and port, destination address and port."""
        return (self.transport, self.source_ip, self.source_port, self.destination_ip, self.destination_port)


def direction(packet: Packet, own: Collection[bytes]) -> Direction:
    """Which way `packet` goes for the owner of the packed addresses in `own`."""
    leaves, arrives = packet.source in own, packet.destination in own
    if leaves:
        return Direction.LOCAL if arrives else Direction.OUT
    return Direction.IN if arrives else Direction.OTHER


FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

_IPV4, _ARP, _IPV6 = 0x0800, 0x0806, 0x86DD
_VLAN_TAGS = (0x8100, 0x88A8)
_MAX_TAGS = 2
_MAX_EXTENSIONS = 8
_FRAGMENT, _AUTHENTICATION = 44, 51
_PLAIN_V4 = 0x45
"""Version 4, and a header without options."""
_V4_FRAGMENT = 0x3FFF
"""More fragments follow, or this one's offset."""
_EXTENSIONS = frozenset((0, 43, _FRAGMENT, _AUTHENTICATION, 60, 135, 139, 140))

_V4 = struct.Struct("!BxHHHxBxx4s4s")  # version and length, total, id, fragment, protocol, addresses
_V6 = struct.Struct("!B3xHBx16s16s")  # version, payload length, next header, addresses
_TCP = struct.Struct("!HHI4xBB")
_PORTS = struct.Struct("!HH")
_FRAGMENT_HEAD = struct.Struct("!HI")  # offset and flag, identification
_ARP_V4 = struct.Struct("!HHBBH6x4s6x4s")


def dissect(frame: bytes, original: int = 0) -> Packet:
    """Take an Ethernet frame apart.

    Args:
        frame: The frame as captured, perhaps cut off.
        original: Its length on the wire; 0 when it is whole.

    Raises:
        ValueError: a header is cut off or contradicts itself.
    """
    if len(frame) < 14:
        raise ValueError("shorter than an Ethernet header")
    kind = frame[12] << 8 | frame[13]
    offset = 14
    if kind in _VLAN_TAGS:
        kind, offset = _skip_tags(frame)
    length = max(original, len(frame))
    if kind == _IPV4:
        return _ipv4(frame, offset, length)
    if kind == _IPV6:
        return _ipv6(frame, offset, length)
    if kind == _ARP:
        return _arp(frame, offset)
    return Packet(f"ether:{kind:#06x}", b"", 0, b"", 0, 0, frame[offset:], length - offset)


def _skip_tags(frame: bytes) -> tuple[int, int]:
    offset = 12
    for _ in range(_MAX_TAGS + 1):
        if len(frame) < offset + 2:
            raise ValueError("a VLAN tag is cut off")
        kind = frame[offset] << 8 | frame[offset + 1]
        if kind not in _VLAN_TAGS:
            return kind, offset + 2
        offset += 4
    raise ValueError(f"more than {_MAX_TAGS} VLAN tags")


def _ipv4(frame: bytes, offset: int, length: int) -> Packet:
    if len(frame) < offset + 20:
        raise ValueError("the IPv4 header is cut off")
    version, total, identification, fragment, protocol, source, destination = _V4.unpack_from(frame, offset)
    start = offset + (version & 15) * 4
    # A length of 0 is a segment that the network card was to cut up (RFC 791 has no such value).
    end = min(offset + total, length) if total else length
    if version >> 4 != 4 or start < offset + 20 or end < start:
        raise ValueError("an impossible IPv4 header")
    if fragment & 0x1FFF:
        one = _other(protocol, frame, start, end, source, destination)
    else:
        one = _TRANSPORTS.get(protocol, _other)(protocol, frame, start, end, source, destination)
    if version == _PLAIN_V4 and not fragment & _V4_FRAGMENT:
        return one
    return one._replace(
        fragment=identification if fragment & _V4_FRAGMENT else -1, options=frame[offset + 20 : start]
    )


def _ipv6(frame: bytes, offset: int, length: int) -> Packet:
    if len(frame) < offset + 40:
        raise ValueError("the IPv6 header is cut off")
    version, size, protocol, source, destination = _V6.unpack_from(frame, offset)
    if version >> 4 != 6:
        raise ValueError("an impossible IPv6 header")
    start = offset + 40
    end = min(start + size, length) if size else length  # 0: a jumbogram, or a segment to be cut up
    if protocol not in _EXTENSIONS:
        return _TRANSPORTS.get(protocol, _other)(protocol, frame, start, end, source, destination)
    extended = _skip_extensions(frame, protocol, start)
    if end < extended.end:
        raise ValueError("IPv6 extension headers longer than the packet")
    dissector = _other if extended.later else _TRANSPORTS.get(extended.protocol, _other)
    one = dissector(extended.protocol, frame, extended.end, end, source, destination)
    return one._replace(fragment=extended.fragment, options=frame[start : extended.end])


class _Extended(NamedTuple):
    protocol: int
    """What follows the extension headers."""
    end: int
    """Where they end."""
    fragment: int = -1
    later: bool = False
    """This is a fragment and not the first."""


def _skip_extensions(frame: bytes, protocol: int, start: int) -> _Extended:
    """Read over extension headers (RFC 8200, 4)."""
    fragment = -1
    for _ in range(_MAX_EXTENSIONS):
        if protocol not in _EXTENSIONS:
            return _Extended(protocol, start, fragment)
        if len(frame) < start + 8:
            raise ValueError("an IPv6 extension header is cut off")
        following, size = frame[start], frame[start + 1]
        if protocol == _FRAGMENT:
            place, fragment = _FRAGMENT_HEAD.unpack_from(frame, start + 2)
            start += 8
            if place & 0xFFF8:
                return _Extended(following, start, fragment, later=True)
        else:
            start += (size + 2) * 4 if protocol == _AUTHENTICATION else (size + 1) * 8
        protocol = following
    raise ValueError(f"more than {_MAX_EXTENSIONS} IPv6 extension headers")


def _arp(frame: bytes, offset: int) -> Packet:
    if len(frame) < offset + 28:
        raise ValueError("the ARP message is cut off")
    _, kind, _, size, operation, sender, target = _ARP_V4.unpack_from(frame, offset)
    if kind != _IPV4 or size != 4:
        raise ValueError("ARP for something other than IPv4")
    return Packet("arp", sender, 0, target, 0, operation, b"", 0)


def _tcp(_: int, frame: bytes, start: int, end: int, source: bytes, destination: bytes) -> Packet:
    if min(len(frame), end) < start + 20:
        raise ValueError("the TCP header is cut off")
    from_port, to_port, sequence, size, flags = _TCP.unpack_from(frame, start)
    body = start + (size >> 4) * 4
    if body < start + 20 or body > end:
        raise ValueError("an impossible TCP header")
    return Packet(
        "tcp", source, from_port, destination, to_port, flags, frame[body:end], end - body, sequence
    )  # fmt: skip


def _udp(protocol: int, frame: bytes, start: int, end: int, source: bytes, destination: bytes) -> Packet:
    if min(len(frame), end) < start + 8:
        raise ValueError("the UDP header is cut off")
    from_port, to_port = _PORTS.unpack_from(frame, start)
    body = start + 8
    name = "udp" if protocol == 17 else "udplite"
    return Packet(name, source, from_port, destination, to_port, 0, frame[body:end], end - body)


def _message(protocol: int, frame: bytes, start: int, end: int, source: bytes, destination: bytes) -> Packet:
    """ICMP, ICMPv6, IGMP: the first byte is the type, the payload begins behind the checksum."""
    if min(len(frame), end) < start + 4:
        raise ValueError("a control message is cut off")
    body = start + 4
    return Packet(
        _name(protocol), source, 0, destination, 0, frame[start], frame[body:end], end - body
    )  # fmt: skip


def _other(protocol: int, frame: bytes, start: int, end: int, source: bytes, destination: bytes) -> Packet:
    return Packet(_name(protocol), source, 0, destination, 0, 0, frame[start:end], end - start)


_Dissector = Callable[[int, bytes, int, int, bytes, bytes], Packet]
_TRANSPORTS: dict[int, _Dissector] = {
    1: _message, 2: _message, 6: _tcp, 17: _udp, 58: _message, 136: _udp,
}  # fmt: skip
_NAMES = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmpv6", 136: "udplite"}


def _name(protocol: int) -> str:
    return _NAMES.get(protocol) or str(protocol)


@functools.lru_cache(maxsize=4096)
def _text(address: bytes) -> str:
    return str(ipaddress.ip_address(address)) if address else ""
