from __future__ import annotations

import errno
import socket
import struct

import pytest

from auditor.kernel import netlink
from auditor.kernel import nftables

GATEWAY = """
gateway = os.open("/proc/self/ns/net", os.O_RDONLY)
syscalls.unshare(syscalls.CLONE_NEWNET)
app = os.open("/proc/self/ns/net", os.O_RDONLY)
here = netlink.RouteSocket()
here.add_veth("eth0", "02:00:00:00:00:01", "gw0", "02:00:00:00:00:02", gateway)

def up(routes, name, *addresses):
    for each in ("lo", name):
        routes.up(socket.if_nametoindex(each))
    for address in addresses:
        routes.add_address(socket.if_nametoindex(name), address)

up(here, "eth0", "10.7.7.2/24", "fd07::2/64")
for network, router in (("0.0.0.0/0", "10.7.7.1"), ("::/0", "fd07::1")):
    here.add_route(netlink.Route(network=network, gateway=router))
syscalls.setns(gateway)
there = netlink.RouteSocket()
up(there, "gw0", "10.7.7.1/24", "fd07::1/64")
lo = socket.if_nametoindex("lo")
for family, network in ((socket.AF_INET, "0.0.0.0/0"), (socket.AF_INET6, "::/0")):
    there.add_route(netlink.Route(network=network, device=lo, table=100, kind=netlink.TYPE_LOCAL,
                                  scope=netlink.SCOPE_HOST))
    there.add_mark_rule(family, 7, 100)
for name in ("all", "gw0"):
    Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0")
try:
    nftables.load_tproxy(interface=INTERFACE, tcp_port=18080, udp_port=18081, mark=7)
except OSError as error:
    sys.exit(print(error) or 77)

def transparent(family, kind, port):
    made = socket.socket(family, kind)
    level, option = (socket.SOL_IP, 19) if family == socket.AF_INET else (socket.IPPROTO_IPV6, 75)
    made.setsockopt(level, option, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(("", port))
    made.settimeout(5)
    return made
"""
FAR = ((socket.AF_INET, "203.0.113.9"), (socket.AF_INET6, "2001:db8::9"))


def names(expressions: bytes) -> list[str]:
    """Names of the expressions of a rule, in order."""
    found = []
    while expressions:
        (length,) = struct.unpack_from("=H", expressions)
        inner = expressions[4:length]
        (name_length,) = struct.unpack_from("=H", inner)
        found.append(inner[4:name_length].rstrip(b"\0").decode())
        expressions = expressions[(length + 3) & ~3 :]
    return found


def test_a_rule_matches_then_diverts_then_accepts():
    match = nftables._match("gw0", socket.AF_INET, socket.IPPROTO_TCP)
    assert names(match) == ["meta", "cmp", "meta", "cmp", "meta", "cmp"]
    assert b"gw0".ljust(16, b"\0") in match
    divert = nftables._divert(socket.AF_INET6, 18080, 7)
    assert names(divert) == ["immediate", "tproxy", "immediate", "meta", "immediate"]
    assert struct.pack(">H", 18080) in divert


def answer(number: int) -> bytes:
    return netlink.message(2, 0, 1, struct.pack("=i", -number) + bytes(16))


def test_answers_are_counted_and_an_error_is_raised():
    assert nftables._read_acknowledgements(answer(0) * 3) == 3
    assert nftables._read_acknowledgements(b"") == 0
    with pytest.raises(OSError, match="nf_tables: No such file") as caught:
        nftables._read_acknowledgements(answer(0) + answer(errno.ENOENT))
    assert caught.value.errno == errno.ENOENT


@pytest.mark.box
def test_connections_to_any_address_and_port_arrive(alone):
    output = alone(
        GATEWAY.replace("INTERFACE", "'gw0'")
        + f"""
for family, host in {[(int(family), host) for family, host in FAR]}:
    syscalls.setns(gateway)
    server = transparent(family, socket.SOCK_STREAM, 18080)
    server.listen()
    syscalls.setns(app)
    for port in (1, 443, 65535):
        with socket.create_connection((host, port), timeout=5):
            print(*server.accept()[0].getsockname()[:2])
    server.close()
"""
    )
    assert output.splitlines() == [f"{host} {port}" for _, host in FAR for port in (1, 443, 65535)]


@pytest.mark.box
def test_datagrams_too(alone):
    output = alone(
        GATEWAY.replace("INTERFACE", "'gw0'")
        + f"""
for family, host in {[(int(family), host) for family, host in FAR]}:
    syscalls.setns(gateway)
    server = transparent(family, socket.SOCK_DGRAM, 18081)
    syscalls.setns(app)
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.sendto(b"to any port", (host, 5353))
    print(server.recv(99))
"""
    )
    assert output == "b'to any port'\n" * 2


@pytest.mark.box
def test_other_interfaces_are_left_alone(alone):
    output = alone(
        GATEWAY.replace("INTERFACE", "'other0'")
        + """
server = transparent(socket.AF_INET, socket.SOCK_STREAM, 18080)
server.listen()
syscalls.setns(app)
try:
    socket.create_connection(("203.0.113.9", 443), timeout=0.5)
except OSError as error:
    print("not diverted")
"""
    )
    assert output == "not diverted\n"
