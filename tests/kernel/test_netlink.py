from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.kernel import netlink

PAIR = """
gateway = os.open("/proc/self/ns/net", os.O_RDONLY)
syscalls.unshare(syscalls.CLONE_NEWNET)
app = os.open("/proc/self/ns/net", os.O_RDONLY)
routes = netlink.RouteSocket()
routes.add_veth("near", "02:00:00:00:00:01", "far", "02:00:00:00:00:02", gateway)
near = socket.if_nametoindex("near")

def name_to_mac(name):
    import fcntl
    with socket.socket() as any_socket:
        return fcntl.ioctl(any_socket, 0x8927, name.encode().ljust(40, b"\\0"))[18:24].hex(":")
"""
"""Two namespaces with a wire between them; we stand at the near end."""


def parsed(data: bytes) -> list[tuple[int, bytes]]:
    """Attributes of a byte string, as the kernel's nla_next goes through them."""
    found = []
    while data:
        length, kind = struct.unpack_from("=HH", data)
        assert length >= 4
        found.append((kind, data[4:length]))
        data = data[(length + 3) & ~3 :]
    return found


def test_an_attribute_as_iproute2_writes_it():
    assert netlink.attribute(3, b"lo\0") == b"\x07\x00\x03\x00lo\x00\x00"


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40))))
def test_attributes_can_be_told_apart_again(items):
    data = b"".join(netlink.attribute(kind, payload) for kind, payload in items)
    assert len(data) % 4 == 0
    assert parsed(data) == items


def test_nesting_is_marked():
    inner = netlink.attribute(1, b"veth\0")
    assert parsed(netlink.nested(18, inner, inner)) == [(18 | 0x8000, inner + inner)]


@given(st.binary(max_size=100))
def test_a_message_says_its_length(payload):
    data = netlink.message(16, 5, 9, payload)
    assert struct.unpack_from("=IHHII", data) == (len(data), 16, 5, 9, 0)
    assert data[16:] == payload


@pytest.mark.box
def test_a_wire_between_two_namespaces(alone):
    output = alone(
        PAIR
        + """
print([name for _, name in socket.if_nameindex()], name_to_mac("near"))
syscalls.setns(gateway)
print([name for _, name in socket.if_nameindex()], name_to_mac("far"))
"""
    )
    assert output.splitlines() == ["['lo', 'near'] 02:00:00:00:00:01", "['lo', 'far'] 02:00:00:00:00:02"]


@pytest.mark.box
def test_addresses_and_routes_carry_a_connection_over_it(alone):
    output = alone(
        PAIR
        + """
ROUTES = (("192.168.9.0/24", "10.7.7.1", "192.168.9.1"), ("fd09::/64", "fd07::1", "fd09::1"))
for address in ("10.7.7.2/24", "fd07::2/64"):
    routes.add_address(near, address)
routes.up(near)
syscalls.setns(gateway)
there = netlink.RouteSocket()
far = socket.if_nametoindex("far")
for address in ("10.7.7.1/24", "fd07::1/64", "192.168.9.1/32", "fd09::1/128"):
    there.add_address(far, address)
there.up(far)
there.close()
servers = [socket.create_server((host, 80), family=family)
           for family, host in ((socket.AF_INET, "192.168.9.1"), (socket.AF_INET6, "fd09::1"))]
syscalls.setns(app)
for (network, router, host), server in zip(ROUTES, servers):
    try:
        socket.create_connection((host, 80), timeout=5)
    except OSError as error:
        print(error.strerror)
    routes.add_route(netlink.Route(network=network, gateway=router))
    with socket.create_connection((host, 80), timeout=5) as client:
        print(client.getsockname()[0], server.accept()[1][0])
"""
    )
    unreachable = "Network is unreachable"
    assert output.splitlines() == [unreachable, "10.7.7.2 10.7.7.2", unreachable, "fd07::2 fd07::2"]


@pytest.mark.box
def test_a_known_neighbour_is_not_asked_for(alone):
    output = alone(
        PAIR
        + """
routes.add_address(near, "10.7.7.2/24")
routes.up(near)
routes.add_neighbour(near, "10.7.7.1", "02:00:00:00:00:02")
routes.add_neighbour(near, "fd07::1", "02:00:00:00:00:02")
print(open("/proc/net/arp").read().splitlines()[1].split()[:4])
"""
    )
    permanent = "0x6"  # ATF_COM and ATF_PERM
    assert output.strip() == str(["10.7.7.1", "0x1", permanent, "02:00:00:00:00:02"])


@pytest.mark.box
def test_a_marked_packet_is_looked_up_in_its_own_table(alone):
    output = alone(
        """
routes = netlink.RouteSocket()
lo = socket.if_nametoindex("lo")
routes.up(lo)
for family, network, ours, host in (
    (socket.AF_INET, "0.0.0.0/0", "10.0.0.1", "203.0.113.5"),
    (socket.AF_INET6, "::/0", "fd00::1", "2001:db8::5"),
):
    routes.add_address(lo, ours)
    routes.add_route(netlink.Route(network=network, device=lo, table=100, kind=netlink.TYPE_LOCAL,
                                   scope=netlink.SCOPE_HOST))
    routes.add_mark_rule(family, 1, 100)
    for mark in (0, 1):
        client = socket.socket(family, socket.SOCK_DGRAM)
        client.bind((ours, 0))
        client.setsockopt(socket.SOL_SOCKET, 36, mark)  # SO_MARK
        print(client.connect_ex((host, 81)))  # looks the route up, sends nothing
"""
    )
    unreachable = "101"
    assert output.split() == [unreachable, "0", unreachable, "0"]


@pytest.mark.box
def test_what_the_kernel_refuses_is_an_error_with_its_number(alone):
    output = alone(
        PAIR
        + """
import errno
def number(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        print(errno.errorcode[error.errno], "|", error.strerror)
number(routes.add_veth, "near", "02:00:00:00:00:03", "other", "02:00:00:00:00:04", gateway)
number(routes.up, 9999)
routes.add_address(near, "10.0.0.1/8")
number(routes.add_address, near, "10.0.0.1/8")
number(routes.add_route, netlink.Route(network="0.0.0.0/0", gateway="172.16.0.1"))
"""
    )
    assert output.splitlines() == [
        "EEXIST | add veth near: File exists",
        "ENODEV | set link 9999 up: No such device",
        "EEXIST | add address 10.0.0.1/8: File exists",
        "ENETUNREACH | add route 0.0.0.0/0: Network is unreachable",
    ]


@pytest.mark.parametrize("network", ["", "10.0.0.1/8", "nowhere"])
def test_a_network_that_is_none_is_refused_before_the_kernel_is_asked(network):
    routes = netlink.RouteSocket()
    try:
        with pytest.raises(ValueError, match=r"address|network|host bits"):
            routes.add_route(netlink.Route(network=network))
    finally:
        routes.close()
