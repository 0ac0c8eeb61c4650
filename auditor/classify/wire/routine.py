"""Packets that a kernel sends of its own accord, told from those that a program caused.

Not a filter: what is routine is counted, and searched unless it only quotes; it makes no contact.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING
from typing import Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.classify.wire.known import Key
    from auditor.parse.packet import Packet

SEEKING: Final = "ndp"
"""Transport of a conversation that only asks for a neighbour's hardware address; ARP is called `arp`."""
_ERRORS: Final = {"icmp": frozenset((3, 4, 5, 11, 12)), "icmpv6": frozenset((1, 2, 3, 4))}
"""Answers to packets that could not be delivered (RFC 792; RFC 4443, 3): they quote what came in."""
_ROUTER_SOLICITATION: Final = 133
_NEIGHBOUR_SOLICITATION: Final = 135
_NEIGHBOUR_ADVERTISEMENT: Final = 136
_LISTENER_REPORT: Final = 143
_ARP_REQUEST: Final = 1
_SOLICITED_NODES: Final = bytes.fromhex("ff0200000000000000000001ff")
"""Beginning of the groups that every IPv6 address joins by itself (RFC 4291, 2.7.1)."""
_SERVICES: Final = frozenset(
    bytes.fromhex(group)
    for group in (
        "e00000fb", "e00000fc", "effffffa",  # mDNS (RFC 6762), LLMNR (RFC 4795), SSDP
        "ff0200000000000000000000000000fb", "ff020000000000000000000000010003",
        "ff02000000000000000000000000000c",
    )
)  # fmt: skip
"""Groups that everybody listens to who offers a service on the local network: joining them tells nothing."""
_MEMBERSHIP_REPORT: Final = 0x22
_REPORT_HEAD: Final = 4
"""Behind the checksum: reserved, number of records (RFC 9777, 5.2)."""
_RECORD = struct.Struct("!xBH")  # type, length of auxiliary data in words, sources; the group follows
_ADDRESS: Final = 16
_ADDRESS4: Final = 4


def is_routine(one: Packet, gateways: Collection[bytes]) -> bool:
    """Whether a kernel would have sent this packet whatever the programs on it do.

    Args:
        one: What left the box.
        gateways: Addresses of the other end of its wire: looking for that one is no news.
    """
    if one.transport == "arp":
        return one.flags != _ARP_REQUEST or one.destination in gateways or one.destination == one.source
    if one.transport == "icmpv6":
        return _is_routine_icmpv6(one, gateways)
    if one.transport == "igmp":
        return one.flags == _MEMBERSHIP_REPORT and _joins_no_news(one.payload, _ADDRESS4)
    return quotes(one)


def quotes(one: Packet) -> bool:
    """Whether it gives back what came in: only a kernel sends it, and nothing in it is a program's own."""
    return one.flags in _ERRORS.get(one.transport, ())


def _is_routine_icmpv6(one: Packet, gateways: Collection[bytes]) -> bool:
    if one.flags == _NEIGHBOUR_SOLICITATION:
        return _sought(one) in gateways or not any(one.source)  # from nobody: is my own address free?
    if one.flags == _LISTENER_REPORT:
        return _joins_no_news(one.payload, _ADDRESS)
    return one.flags in (_ROUTER_SOLICITATION, _NEIGHBOUR_ADVERTISEMENT, *_ERRORS["icmpv6"])


def target(key: Key, one: Packet) -> Key:
    """The conversation, where a neighbour is sought with that neighbour as its far side."""
    if (one.transport, one.flags) != ("icmpv6", _NEIGHBOUR_SOLICITATION):
        return key
    _, near, _, far, _ = key
    return (SEEKING, near, 0, _sought(one) or far, 0)


def _sought(one: Packet) -> bytes:
    """Target of a neighbour solicitation (RFC 4861, 4.3); empty when it is cut off."""
    found = one.payload[4 : 4 + _ADDRESS]
    return found if len(found) == _ADDRESS else b""


def _joins_no_news(report: bytes, size: int) -> bool:
    """Whether every group in a report is one that addresses join by themselves, or one of the services."""
    return all(group in _SERVICES or group.startswith(_SOLICITED_NODES) for group in _groups(report, size))


def _groups(report: bytes, size: int) -> list[bytes]:
    """Groups in a report of memberships (RFC 9776, 4.2; RFC 9777, 5.2), with addresses of this size.

    With one that nobody knows for what cannot be read.
    """
    found, at = [], _REPORT_HEAD
    while at + _RECORD.size + size <= len(report):
        words, sources = _RECORD.unpack_from(report, at)
        at += _RECORD.size
        found.append(report[at : at + size])
        at += size * (1 + sources) + 4 * words
    return found if at == len(report) else [*found, b""]
