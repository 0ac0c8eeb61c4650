"""The gateway's TPROXY rules, loaded into nf_tables in one netlink batch.

Not a rule language: one table, one chain, one rule for each transport and address family, so that no
`nft` binary and no library is needed.
"""

from __future__ import annotations

import os
import socket
import struct

from auditor.kernel.netlink import attribute
from auditor.kernel.netlink import message
from auditor.kernel.netlink import nested

_NETLINK_NETFILTER = 12
_NFPROTO_INET = 1
_SUBSYSTEM_NFTABLES = 10
_BATCH_BEGIN, _BATCH_END = 16, 17
_NEWTABLE, _NEWCHAIN, _NEWRULE = 0, 3, 6
_CREATE_ACK = 0x400 | 0x1 | 0x4
_APPEND = 0x800
_PREROUTING = 0
_PRIORITY_MANGLE = -150
_META_MARK, _META_IIFNAME, _META_NFPROTO, _META_L4PROTO = 3, 6, 15, 16
_REGISTER = 1
_NF_ACCEPT = 1
_TABLE, _CHAIN = b"gateway\0", b"prerouting\0"


def load_tproxy(*, interface: str, tcp_port: int, udp_port: int, mark: int) -> None:
    """Hand every TCP and UDP packet that arrives on `interface` to local transparent sockets.

    Packets are marked with `mark`, so that a routing rule can deliver them locally
    (Documentation/networking/tproxy.rst). Must run inside the gateway's network namespace.

    Raises:
        OSError: ENOENT or EOPNOTSUPP when the kernel lacks nf_tables or TPROXY.
    """
    requests = [_add_table(), _add_chain()]
    for protocol, port in ((socket.IPPROTO_TCP, tcp_port), (socket.IPPROTO_UDP, udp_port)):
        for family in (socket.AF_INET, socket.AF_INET6):
            expressions = _match(interface, family, protocol) + _divert(family, port, mark)
            requests.append(_add_rule(expressions))
    _send_batch(requests)


def _big(value: int) -> bytes:
    return struct.pack(">I", value)


def _expression(name: str, *attributes: bytes) -> bytes:
    return nested(1, attribute(1, name.encode() + b"\0"), nested(2, *attributes))


def _load_meta(key: int) -> bytes:
    return _expression("meta", attribute(1, _big(_REGISTER)), attribute(2, _big(key)))


def _equals(value: bytes) -> bytes:
    return _expression(
        "cmp", attribute(1, _big(_REGISTER)), attribute(2, _big(0)), nested(3, attribute(1, value))
    )


def _load_value(value: bytes) -> bytes:
    return _expression("immediate", attribute(1, _big(_REGISTER)), nested(2, attribute(1, value)))


def _match(interface: str, family: int, protocol: int) -> bytes:
    pairs = (
        (_META_IIFNAME, interface.encode().ljust(16, b"\0")),
        (_META_NFPROTO, bytes([family])),
        (_META_L4PROTO, bytes([protocol])),
    )
    return b"".join(_load_meta(key) + _equals(value) for key, value in pairs)


def _divert(family: int, port: int, mark: int) -> bytes:
    accept = nested(2, attribute(1, struct.pack(">i", _NF_ACCEPT)))
    return b"".join(
        (
            _load_value(struct.pack(">H", port)),
            _expression("tproxy", attribute(1, _big(family)), attribute(3, _big(_REGISTER))),
            _load_value(struct.pack("=I", mark)),
            _expression("meta", attribute(2, _big(_META_MARK)), attribute(3, _big(_REGISTER))),
            _expression("immediate", attribute(1, _big(0)), nested(2, accept)),
        )
    )


def _add_table() -> tuple[int, int, bytes]:
    return _NEWTABLE, _CREATE_ACK, attribute(1, _TABLE)


def _add_chain() -> tuple[int, int, bytes]:
    hook = nested(4, attribute(1, _big(_PREROUTING)), attribute(2, struct.pack(">i", _PRIORITY_MANGLE)))
    body = (
        attribute(1, _TABLE) + attribute(3, _CHAIN) + hook
        + attribute(5, _big(_NF_ACCEPT)) + attribute(7, b"filter\0")
    )  # fmt: skip
    return _NEWCHAIN, _CREATE_ACK, body


def _add_rule(expressions: bytes) -> tuple[int, int, bytes]:
    return (
        _NEWRULE,
        _CREATE_ACK | _APPEND,
        attribute(1, _TABLE) + attribute(2, _CHAIN) + nested(4, expressions),
    )


def _header(family: int, resource: int) -> bytes:
    return struct.pack("=BBH", family, 0, socket.htons(resource))


def _send_batch(requests: list[tuple[int, int, bytes]]) -> None:
    parts = [message(_BATCH_BEGIN, 1, 0, _header(0, _SUBSYSTEM_NFTABLES))]
    for sequence, (kind, flags, body) in enumerate(requests, start=1):
        parts.append(
            message(_SUBSYSTEM_NFTABLES << 8 | kind, flags, sequence, _header(_NFPROTO_INET, 0) + body)
        )
    parts.append(message(_BATCH_END, 1, 0, _header(0, _SUBSYSTEM_NFTABLES)))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netfilter:
        netfilter.bind((0, 0))
        netfilter.settimeout(5)
        netfilter.send(b"".join(parts))
        acknowledged = 0
        while acknowledged < len(requests):
            acknowledged += _read_acknowledgements(netfilter.recv(65536))


def _read_acknowledgements(data: bytes) -> int:
    count = offset = 0
    while offset + 20 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        number = -struct.unpack_from("=i", data, offset + 16)[0]
        if kind == 2 and number:
            raise OSError(number, f"nf_tables: {os.strerror(number)}")
        count += kind == 2
        offset += (length + 3) & ~3
    return count
