"""Links, addresses, routes and rules over a raw rtnetlink socket.

Not a netlink library: one request, one acknowledgement, for the seven requests that the box needs.
A library would cost more at import than the whole box costs to build.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address
from ipaddress import ip_interface
from ipaddress import ip_network
from typing import Final

# linux/rtnetlink.h
_RTM_NEWLINK = 16
_RTM_NEWADDR = 20
_RTM_NEWROUTE = 24
_RTM_NEWNEIGH = 28
_RTM_NEWRULE = 32
_NLM_REQUEST_ACK_CREATE_EXCL = 0x1 | 0x4 | 0x400 | 0x200
_NLM_REQUEST_ACK = 0x1 | 0x4
_NLMSG_ERROR = 2
_MAX_ERRNO = 4095
_ERROR_SIZE = 20
"""Octets of struct nlmsghdr and the errno behind it."""
_IFF_UP = 1
_NESTED = 0x8000
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 1, 3, 18, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST, _IFA_FLAGS = 1, 2, 4, 8
_IFA_F_NODAD = 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_TABLE = 1, 4, 5, 15
_NDA_DST, _NDA_LLADDR = 1, 2
_NUD_PERMANENT = 0x80
_FRA_PRIORITY, _FRA_FWMARK, _FRA_TABLE = 6, 10, 15
_RTPROT_STATIC = 4

SCOPE_UNIVERSE: Final = 0
SCOPE_LINK: Final = 253
SCOPE_HOST: Final = 254
TYPE_UNICAST: Final = 1
TYPE_LOCAL: Final = 2
TABLE_MAIN: Final = 254
TABLE_LOCAL: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route to add."""

    network: str
    """`0.0.0.0/0`, `::/0`, `192.168.77.0/24`."""
    device: int = 0
    """Interface index, 0 for none."""
    gateway: str = ""
    table: int = TABLE_MAIN
    scope: int = SCOPE_UNIVERSE
    kind: int = TYPE_UNICAST


def attribute(kind: int, payload: bytes) -> bytes:
    """One netlink attribute, padded to four bytes (linux/netlink.h)."""
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def nested(kind: int, *parts: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | _NESTED, b"".join(parts))


def message(kind: int, flags: int, sequence: int, payload: bytes) -> bytes:
    """One netlink message."""
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 0) + payload


class RouteSocket:
    """An rtnetlink socket in the network namespace where it was made."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, 0))
        self._socket.settimeout(5)
        self._sequence = 0

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def add_veth(self, name: str, mac: str, peer: str, peer_mac: str, peer_namespace: int) -> None:
        """Make a veth pair: `name` here, `peer` in the namespace behind the descriptor (veth(4))."""
        far = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + b"".join(
            (
                attribute(_IFLA_IFNAME, peer.encode() + b"\0"),
                attribute(_IFLA_ADDRESS, _mac(peer_mac)),
                attribute(_IFLA_NET_NS_FD, struct.pack("=I", peer_namespace)),
            )
        )
        info = nested(
            _IFLA_LINKINFO,
            attribute(_IFLA_INFO_KIND, b"veth\0"),
            nested(_IFLA_INFO_DATA, nested(_VETH_INFO_PEER, far)),
        )
        near = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
        body = near + attribute(_IFLA_IFNAME, name.encode() + b"\0") + attribute(_IFLA_ADDRESS, _mac(mac))
        self._request(_RTM_NEWLINK, _NLM_REQUEST_ACK_CREATE_EXCL, body + info, f"add veth {name}")

    def up(self, index: int) -> None:
        """Bring an interface up."""
        body = struct.pack("=BxHiII", 0, 0, index, _IFF_UP, _IFF_UP)
        self._request(_RTM_NEWLINK, _NLM_REQUEST_ACK, body, f"set link {index} up")

    def add_address(self, index: int, interface: str) -> None:
        """Give an interface an address such as `192.168.77.23/24`; IPv6 without waiting for DAD."""
        parsed = ip_interface(interface)
        family = socket.AF_INET if parsed.version == 4 else socket.AF_INET6
        body = struct.pack("=BBBBI", family, parsed.network.prefixlen, 0, 0, index)
        body += attribute(_IFA_LOCAL, parsed.ip.packed) + attribute(_IFA_ADDRESS, parsed.ip.packed)
        if parsed.version == 4:
            body += attribute(_IFA_BROADCAST, parsed.network.broadcast_address.packed)
        else:
            body += attribute(_IFA_FLAGS, struct.pack("=I", _IFA_F_NODAD))
        self._request(_RTM_NEWADDR, _NLM_REQUEST_ACK_CREATE_EXCL, body, f"add address {interface}")

    def add_neighbour(self, index: int, address: str, mac: str) -> None:
        """Say which hardware address an IP address has, for good (ip-neighbour(8))."""
        parsed = ip_address(address)
        family = socket.AF_INET if parsed.version == 4 else socket.AF_INET6
        body = struct.pack("=BxxxiHBB", family, index, _NUD_PERMANENT, 0, 0)
        body += attribute(_NDA_DST, parsed.packed) + attribute(_NDA_LLADDR, _mac(mac))
        self._request(_RTM_NEWNEIGH, _NLM_REQUEST_ACK_CREATE_EXCL, body, f"add neighbour {address}")

    def add_route(self, route: Route) -> None:
        """Add a route (rtnetlink(7))."""
        network = ip_network(route.network)
        family = socket.AF_INET if network.version == 4 else socket.AF_INET6
        body = struct.pack(
            "=BBBBBBBBI", family, network.prefixlen, 0, 0, min(route.table, 255), _RTPROT_STATIC,
            route.scope, route.kind, 0,
        )  # fmt: skip
        body += attribute(_RTA_TABLE, struct.pack("=I", route.table))
        if network.prefixlen:
            body += attribute(_RTA_DST, network.network_address.packed)
        if route.device:
            body += attribute(_RTA_OIF, struct.pack("=I", route.device))
        if route.gateway:
            body += attribute(_RTA_GATEWAY, ip_address(route.gateway).packed)
        self._request(_RTM_NEWROUTE, _NLM_REQUEST_ACK_CREATE_EXCL, body, f"add route {route.network}")

    def add_mark_rule(self, family: int, mark: int, table: int) -> None:
        """Look up packets with firewall mark `mark` in `table` (ip-rule(8))."""
        body = struct.pack("=BBBBBBBBI", family, 0, 0, 0, min(table, 255), 0, 0, TYPE_UNICAST, 0)
        for kind, value in ((_FRA_PRIORITY, 100), (_FRA_FWMARK, mark), (_FRA_TABLE, table)):
            body += attribute(kind, struct.pack("=I", value))
        self._request(_RTM_NEWRULE, _NLM_REQUEST_ACK_CREATE_EXCL, body, f"add rule for mark {mark}")

    def _request(self, kind: int, flags: int, body: bytes, what: str) -> None:
        self._sequence += 1
        self._socket.send(message(kind, flags, self._sequence, body))
        reply = self._socket.recv(65536)
        if len(reply) < _ERROR_SIZE:
            raise OSError(errno.EPROTO, f"{what}: the kernel's answer is cut off")
        if struct.unpack_from("=H", reply, 4)[0] == _NLMSG_ERROR:
            number = min(-struct.unpack_from("=i", reply, 16)[0], _MAX_ERRNO)
            if number:
                raise OSError(number, f"{what}: {os.strerror(number)}")


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
