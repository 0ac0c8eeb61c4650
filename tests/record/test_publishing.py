from __future__ import annotations

import socket
import threading

import pytest

from auditor.record.publishing import Publisher


@pytest.fixture
def app():
    """A server that says everything back, louder; stands for the app's port in the box."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                end, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(end,), daemon=True).start()

    def echo(end: socket.socket) -> None:
        with end:
            while data := end.recv(1 << 16):
                end.sendall(data.upper())

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def publisher():
    made = Publisher(lambda port: socket.create_connection(("127.0.0.1", port), timeout=5))
    yield made
    made.close()


def everything(end: socket.socket) -> bytes:
    parts = b""
    while chunk := end.recv(1 << 16):
        parts += chunk
    return parts


def test_bytes_go_both_ways_until_either_side_ends(publisher, app):
    port = publisher.publish(app, 0)
    data = b"prompt " * 50_000
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR))).start()
        assert everything(client) == data.upper()


def test_what_the_app_said_was_heard_and_nobody_asked_it_for_compression(publisher, app):
    port = publisher.publish(app, 0)
    request = b"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\naccept-encoding: in a body"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        said = everything(client)
    assert publisher.heard() == (said,)
    assert b"\r\nX-ACCEPT-ENCODI: GZIP\r\n" in said
    assert len(said) == len(request)
    assert said.endswith(b"ACCEPT-ENCODING: IN A BODY")


def test_several_at_once(publisher, app):
    port = publisher.publish(app, 0)
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(8)]
    for number, client in enumerate(clients):
        client.sendall(b"client %d" % number)
        client.shutdown(socket.SHUT_WR)
    for number, client in enumerate(clients):
        with client:
            assert everything(client) == b"CLIENT %d" % number


def test_only_this_machine_can_connect(publisher, app):
    publisher.publish(app, 0)
    assert {server.getsockname()[0] for server in publisher._servers} == {"127.0.0.1"}


def test_an_app_that_does_not_listen_yet_closes_the_door_and_keeps_the_house(publisher, app):
    port = publisher.publish(1, 0)  # nobody listens there
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            assert everything(client) == b""


def test_a_port_that_is_taken_is_an_error(publisher, app):
    with pytest.raises(OSError, match="in use"):
        publisher.publish(app, app)


def test_nothing_listens_after_the_end(publisher, app):
    port = publisher.publish(app, 0)
    publisher.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
