"""Builds the box's network: two namespaces, a veth pair, TPROXY, and the gateway's sockets.

Runs in the helper process that holds capabilities in the box's user namespace. Not the programs
behind those sockets: the resolver, the proxy and the capture get them handed over.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from auditor.kernel import nftables
from auditor.kernel import syscalls
from auditor.kernel.netlink import SCOPE_HOST
from auditor.kernel.netlink import SCOPE_LINK
from auditor.kernel.netlink import TABLE_LOCAL
from auditor.kernel.netlink import TABLE_MAIN
from auditor.kernel.netlink import TYPE_LOCAL
from auditor.kernel.netlink import Route
from auditor.kernel.netlink import RouteSocket
from auditor.sandbox.plan import NetworkPlan

IP_RECVORIGDSTADDR = 20
IP_TRANSPARENT = 19
IPV6_RECVORIGDSTADDR = 74
IPV6_TRANSPARENT = 75
_ETH_P_ALL = 3
_NETLINK_SOCK_DIAG = 4

_GATEWAY_SYSCTLS = {
    "net/ipv4/ip_forward": "0",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/all/accept_dad": "0",
    # The app's peers all live here: room for thousands of connections that nobody accepted yet.
    "net/core/somaxconn": "65535",
    "net/ipv4/tcp_max_syn_backlog": "65535",
}
_APP_SYSCTLS = {
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/all/accept_dad": "0",
    # Orphaned client sockets would turn into time-wait sockets, which lose the cookie that names their
    # owner, unless this is longer than the time-wait interval (tcp_close in net/ipv4/tcp.c).
    "net/ipv4/tcp_fin_timeout": "120",
}

SOCKET_NAMES = ("tcp4", "tcp6", "udp4", "udp6", "packets_gateway", "packets_loopback", "diag")
"""Order in which the gateway's sockets are handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network that stands; only the helper process can use the namespace descriptors."""

    gateway: int
    """Descriptor of the gateway's network namespace."""
    app: int
    """Descriptor of the app's network namespace; the calling process is in it."""
    sockets: dict[str, socket.socket]
    """By `SOCKET_NAMES`."""
    ipv6: bool


def build(plan: NetworkPlan, step: Callable[[str], None]) -> Network:
    """Make both namespaces and everything in them; leaves the caller in the app's.

    Args:
        plan: Addresses.
        step: Called with the name of each step before it is taken.

    Raises:
        OSError: the step named last failed.
    """
    step("network-namespaces")
    gateway = _new_namespace(_GATEWAY_SYSCTLS)
    app = _new_namespace({**_APP_SYSCTLS, "net/ipv4/ping_group_range": f"{os.getgid()} {os.getgid()}"})
    ipv6 = Path("/proc/sys/net/ipv6").is_dir()
    step("veth")
    routes = RouteSocket()
    routes.add_veth(plan.app_interface, plan.app_mac, plan.gateway_interface, plan.gateway_mac, gateway)
    _bring_up(routes, plan.app_interface, plan.app_ipv4, plan.app_ipv6 if ipv6 else "")
    _introduce(
        routes, plan.app_interface, plan.gateway_mac, plan.gateway_ipv4, plan.gateway_ipv6 if ipv6 else ""
    )
    syscalls.setns(gateway)
    _route_gateway(plan, ipv6=ipv6)
    step("tproxy")
    nftables.load_tproxy(
        interface=plan.gateway_interface, tcp_port=plan.tcp_port, udp_port=plan.udp_port, mark=plan.mark
    )
    step("listeners")
    sockets = _gateway_sockets(plan, ipv6=ipv6)
    syscalls.setns(app)
    _route_app(routes, plan, ipv6=ipv6)
    sockets["packets_loopback"] = _packet_socket("lo")
    sockets["diag"] = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    return Network(gateway=gateway, app=app, sockets=sockets, ipv6=ipv6)


def _new_namespace(sysctls: dict[str, str]) -> int:
    syscalls.unshare(syscalls.CLONE_NEWNET)
    for name, value in sysctls.items():
        _write_sysctl(name, value)
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _write_sysctl(name: str, value: str) -> None:
    # Missing without IPv6, read-only in some containers: none of them is vital by itself, and what
    # they break, if anything, is caught by the positive control.
    try:
        descriptor = os.open(f"/proc/sys/{name}", os.O_WRONLY)
    except OSError:
        return
    try:
        os.write(descriptor, value.encode())
    except OSError:
        return
    finally:
        os.close(descriptor)


def _bring_up(routes: RouteSocket, interface: str, ipv4: str, ipv6: str) -> None:
    routes.up(socket.if_nametoindex("lo"))
    index = socket.if_nametoindex(interface)
    routes.add_address(index, ipv4)
    if ipv6:
        routes.add_address(index, ipv6)
    routes.up(index)


def _introduce(routes: RouteSocket, interface: str, mac: str, *addresses: str) -> None:
    """Let each end know the other: one that asks before the other listens would ask again after a second."""
    index = socket.if_nametoindex(interface)
    for address in filter(None, addresses):
        routes.add_neighbour(index, _address(address), mac)


def _route_gateway(plan: NetworkPlan, *, ipv6: bool) -> None:
    routes = RouteSocket()
    _bring_up(routes, plan.gateway_interface, plan.gateway_ipv4, plan.gateway_ipv6 if ipv6 else "")
    _introduce(routes, plan.gateway_interface, plan.app_mac, plan.app_ipv4, plan.app_ipv6 if ipv6 else "")
    loopback, index = socket.if_nametoindex("lo"), socket.if_nametoindex(plan.gateway_interface)
    anywhere = Route(
        network="0.0.0.0/0", device=loopback, scope=SCOPE_HOST, kind=TYPE_LOCAL, table=plan.table
    )
    routes.add_route(anywhere)
    routes.add_mark_rule(socket.AF_INET, plan.mark, plan.table)
    # Both in the local table, where the longer prefix wins: replies reach the app, and the kernel
    # still answers an echo request to any address from that address.
    routes.add_route(Route(network=plan.subnet_ipv4, device=index, scope=SCOPE_LINK, table=TABLE_LOCAL))
    routes.add_route(
        Route(network="0.0.0.0/0", device=loopback, scope=SCOPE_HOST, kind=TYPE_LOCAL, table=TABLE_LOCAL)
    )
    if ipv6:
        for table in (plan.table, TABLE_MAIN):
            routes.add_route(Route(network="::/0", device=loopback, kind=TYPE_LOCAL, table=table))
        routes.add_mark_rule(socket.AF_INET6, plan.mark, plan.table)
    routes.close()


def _route_app(routes: RouteSocket, plan: NetworkPlan, *, ipv6: bool) -> None:
    if plan.default_route:
        routes.add_route(Route(network="0.0.0.0/0", gateway=_address(plan.gateway_ipv4)))
        if ipv6:
            routes.add_route(Route(network="::/0", gateway=_address(plan.gateway_ipv6)))
    routes.close()


def _address(interface: str) -> str:
    return interface.partition("/")[0]


def _gateway_sockets(plan: NetworkPlan, *, ipv6: bool) -> dict[str, socket.socket]:
    sockets = {
        "tcp4": _listener(socket.AF_INET, plan.tcp_port),
        "udp4": _datagrams(socket.AF_INET, plan.udp_port),
        "packets_gateway": _packet_socket(plan.gateway_interface),
    }
    if ipv6:
        sockets["tcp6"] = _listener(socket.AF_INET6, plan.tcp_port)
        sockets["udp6"] = _datagrams(socket.AF_INET6, plan.udp_port)
    return sockets


def _transparent(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(family, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET:
        made.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    return made


def _listener(family: socket.AddressFamily, port: int) -> socket.socket:
    made = _transparent(family, socket.SOCK_STREAM)
    # Inherited by accepted sockets; asyncio sets it only on sockets whose protocol is not 0.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Inherited, too: urgent data stays where it is in the stream, and is recorded with it (tcp(7)).
    made.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    made.bind(("", port))
    made.listen(65535)
    return made


def _datagrams(family: socket.AddressFamily, port: int) -> socket.socket:
    made = _transparent(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET:
        made.setsockopt(socket.SOL_IP, IP_RECVORIGDSTADDR, 1)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1)
    made.bind(("", port))
    return made


def _packet_socket(interface: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    made.bind((interface, 0))
    return made


def reply_socket(family: int, local: tuple[str, int], peer: tuple[str, int]) -> socket.socket:
    """A socket that sends datagrams from any address `local` to `peer`; call in the gateway's namespace."""
    made = _transparent(socket.AddressFamily(family), socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(local)
    made.connect(peer)
    return made


def connect(host: str, port: int, timeout_s: float) -> socket.socket:
    """A TCP connection to one of the app's ports; call in the app's namespace."""
    made = socket.create_connection((host, port), timeout=timeout_s)
    made.settimeout(None)  # O_NONBLOCK travels with the descriptor
    return made
