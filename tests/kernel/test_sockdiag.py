from __future__ import annotations

import os
import socket

import pytest

from auditor.kernel.sockdiag import SockDiag

LOOPBACK = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
SO_COOKIE = 57


@pytest.fixture
def diag():
    made = SockDiag()
    yield made
    made.close()


def cookie(end: socket.socket) -> int:
    return int.from_bytes(end.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), "little")


@pytest.mark.parametrize(("family", "host"), LOOPBACK)
def test_tcp_by_its_five_tuple(diag, family, host):
    with socket.create_server((host, 0), family=family) as server, socket.socket(family) as client:
        client.connect(server.getsockname())
        end, _ = server.accept()
        expected = cookie(client)
        with end:
            found = diag.find("tcp", client.getsockname()[:2], end.getsockname()[:2])
            other = diag.find("tcp", end.getsockname()[:2], client.getsockname()[:2])
    assert found.cookie == expected
    assert found.uid == os.getuid()
    assert found.inode > 0
    assert other.cookie != found.cookie


@pytest.mark.parametrize(("family", "host"), LOOPBACK)
@pytest.mark.parametrize("connected", [True, False])
def test_udp_connected_or_not(diag, family, host, connected):
    with (
        socket.socket(family, socket.SOCK_DGRAM) as server,
        socket.socket(family, socket.SOCK_DGRAM) as client,
    ):
        server.bind((host, 0))
        if connected:
            client.connect(server.getsockname())
            client.send(b"x")
        else:
            client.sendto(b"x", server.getsockname())
        _, source = server.recvfrom(10)
        found = diag.find("udp", source[:2], server.getsockname()[:2])
        assert found.cookie == cookie(client)
        assert found.inode == os.fstat(client.fileno()).st_ino


def test_mapped_ipv4_from_an_ipv6_socket(diag):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6) as client:
        client.connect(("::ffff:127.0.0.1", server.getsockname()[1]))
        end, source = server.accept()
        with end:
            assert diag.find("tcp", source, end.getsockname()).cookie == cookie(client)


def test_an_orphan_keeps_its_cookie(diag):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.socket() as client:
            client.connect(server.getsockname())
            expected, source = cookie(client), client.getsockname()
        end, _ = server.accept()
        with end:
            found = diag.find("tcp", source, end.getsockname())
    assert (found.cookie, found.inode) == (expected, 0)


def test_nothing_there(diag):
    assert diag.find("tcp", ("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    assert diag.find("udp", ("::1", 1), ("::1", 2)) is None


@pytest.mark.parametrize(("local", "remote"), [("127.0.0.1", "::1"), ("host", "127.0.0.1"), ("", "")])
def test_bad_addresses(diag, local, remote):
    with pytest.raises(ValueError, match=r"address|families"):
        diag.find("tcp", (local, 1), (remote, 2))


@pytest.mark.parametrize(("family", "host"), LOOPBACK)
def test_listening_sockets(diag, family, host):
    with (
        socket.create_server((host, 0), family=family) as server,
        socket.socket(family, socket.SOCK_DGRAM) as bound,
    ):
        bound.bind((host, 0))
        found = {(each.transport, each.address, each.port): each.identity for each in diag.listening()}
        assert found["tcp", host, server.getsockname()[1]].cookie == cookie(server)
        assert found["udp", host, bound.getsockname()[1]].inode == os.fstat(bound.fileno()).st_ino
        bound.connect((host, 9))
        later = {(each.transport, each.port) for each in diag.listening()}
        assert ("udp", bound.getsockname()[1]) not in later


def test_many_listeners_come_in_several_messages(diag):
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(500)]
    try:
        wanted = {each.getsockname()[1] for each in servers}
        assert wanted <= {each.port for each in diag.listening()}
    finally:
        for each in servers:
            each.close()
