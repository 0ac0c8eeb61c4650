"""Frames of the box's wire, made by hand: what a kernel would send."""

from __future__ import annotations

import ipaddress
import struct

APP_MAC = bytes.fromhex("3cfdfe112233")
GATEWAY_MAC = bytes.fromhex("3cfdfe000001")


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def ether(kind: int, payload: bytes, *, arriving: bool = False) -> bytes:
    ends = APP_MAC + GATEWAY_MAC if arriving else GATEWAY_MAC + APP_MAC
    return ends + struct.pack("!H", kind) + payload


def arp(source: str, target: str, operation: int = 1) -> bytes:
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return ether(0x0806, head + APP_MAC + packed(source) + bytes(6) + packed(target))


def ip(
    protocol: int, source: str, destination: str, payload: bytes, *, fragment: int = 0, id_: int = 0,
    options: bytes = b"", arriving: bool = False,
) -> bytes:  # fmt: skip
    """`fragment` is the word of flags and offset of IPv4."""
    if ":" in source:
        head = (
            struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + packed(source) + packed(destination)
        )
        return ether(0x86DD, head + payload, arriving=arriving)
    size = 20 + len(options)
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x40 | size // 4, 0, size + len(payload), id_, fragment, 64, protocol, 0,
        packed(source), packed(destination),
    )  # fmt: skip
    return ether(0x0800, head + options + payload, arriving=arriving)


def udp(source: str, sport: int, destination: str, dport: int, payload: bytes, **changes) -> bytes:
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    return ip(changes.pop("protocol", 17), source, destination, head + payload, **changes)


def tcp(
    source: str, sport: int, destination: str, dport: int, payload: bytes = b"", *, seq: int = 0,
    flags: int = 0x18, **changes,
) -> bytes:  # fmt: skip
    head = struct.pack("!HHIIBBHHH", sport, dport, seq % (1 << 32), 0, 0x50, flags, 500, 0, 0)
    return ip(6, source, destination, head + payload, **changes)


def icmp(source: str, destination: str, payload: bytes = b"", kind: int = 8, **changes) -> bytes:
    protocol = 58 if ":" in source else 1
    return ip(protocol, source, destination, struct.pack("!BBHHH", kind, 0, 0, 1, 1) + payload, **changes)
