"""Each client talks to a server that is not ours: the protocol libraries that the proxy is built on."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.events
import pytest
import wsproto
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat
from wsproto.events import AcceptConnection
from wsproto.events import Ping
from wsproto.events import Request
from wsproto.events import TextMessage

from auditor.internet.ca import make_ca
from auditor.record.controls import clients
from auditor.record.controls.conversing import converse
from auditor.record.controls.conversing import trust_in

HOST = "server.example.org"
VALUE = "c0123456789abcdef0123"


@pytest.fixture(scope="module")
def authority():
    return make_ca()


@pytest.fixture
def serve(authority, tmp_path):
    """Starts a server for one connection; returns the client's end of it, and what the server heard."""
    threads, ends = [], []

    def start(talk, *protocols):
        ours, theirs = socket.socketpair()
        ours.settimeout(5)
        heard = []

        def run():
            with contextlib.suppress(OSError, ssl.SSLError):
                end = theirs
                if protocols:
                    end = _server_context(authority, tmp_path, protocols).wrap_socket(
                        theirs, server_side=True
                    )
                with end:
                    talk(end, heard)
            theirs.close()

        threads.append(threading.Thread(target=run, daemon=True))
        ends.append(ours)
        threads[-1].start()
        return ours, heard

    yield start
    for end in ends:
        end.close()
    for thread in threads:
        thread.join(10)


def _server_context(authority, folder, protocols):
    pem = folder / "leaf.pem"
    key = authority.leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(key + authority.issue(HOST).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_alpn_protocols(list(protocols))
    return context


def answer(end, heard):
    data = b""
    while b"\r\n\r\n" not in data or (b"POST" in data and not data.endswith(VALUE.encode())):
        piece = end.recv(4096)
        if not piece:
            return
        data += piece
    heard.append(data)
    end.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def answer_h2(end, heard):
    connection = h2.connection.H2Connection(
        h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
    )
    connection.initiate_connection()
    end.sendall(connection.data_to_send())
    while data := end.recv(65536):
        for event in connection.receive_data(data):
            heard.append(event)
            if isinstance(event, h2.events.StreamEnded):
                connection.send_headers(event.stream_id, [(":status", "200"), ("x", "y")])
                connection.send_data(event.stream_id, b"ok", end_stream=True)
        end.sendall(connection.data_to_send())


def answer_websocket(end, heard):
    connection = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    while data := end.recv(65536):
        connection.receive_data(data)
        for event in connection.events():
            heard.append(event)
            if isinstance(event, Request):
                end.sendall(connection.send(AcceptConnection()))
                end.sendall(connection.send(TextMessage(data="welcome")))
            elif isinstance(event, Ping):
                end.sendall(connection.send(event.response()))


def of(heard, kind):
    (found,) = [event for event in heard if isinstance(event, kind)]
    return found


def test_http(serve):
    connection, heard = serve(answer)
    clients.http(connection, HOST, VALUE, ssl.create_default_context())
    assert heard[0].startswith(f"GET /{VALUE} HTTP/1.1\r\nHost: {HOST}\r\n".encode())


def test_https(serve, authority):
    connection, heard = serve(answer, "http/1.1")
    clients.https(connection, HOST, VALUE, trust_in(authority.certificate_pem))
    assert heard[0].startswith(b"POST /upload HTTP/1.1\r\n")
    assert heard[0].endswith(VALUE.encode())


def test_h2(serve, authority):
    connection, heard = serve(answer_h2, "h2")
    clients.h2(connection, HOST, VALUE, trust_in(authority.certificate_pem))
    headers = dict(of(heard, h2.events.RequestReceived).headers)
    assert headers == {":method": "POST", ":scheme": "https", ":path": "/upload", ":authority": HOST}
    assert of(heard, h2.events.DataReceived).data == VALUE.encode()


def test_websocket(serve, authority):
    connection, heard = serve(answer_websocket, "http/1.1")
    clients.websocket(connection, HOST, VALUE, trust_in(authority.certificate_pem))
    assert of(heard, Request).host == HOST
    assert of(heard, TextMessage).data == VALUE


@pytest.mark.parametrize("channel", ["http", "https", "h2", "websocket", "dns", "dns-tcp"])
def test_who_hangs_up_gives_no_answer(serve, authority, channel):
    protocols = {"https": ["http/1.1"], "websocket": ["http/1.1"], "h2": ["h2"]}.get(channel, [])
    connection, _ = serve(lambda _end, _heard: None, *protocols)
    pem = authority.certificate_pem
    problem = converse(channel, connection, HOST, VALUE, trust_in(pem), pem, 5)
    assert problem


def test_who_speaks_another_protocol_is_refused(serve, authority):
    connection, _ = serve(answer, "http/1.1")
    with pytest.raises((ValueError, OSError)):
        clients.h2(connection, HOST, VALUE, trust_in(authority.certificate_pem))


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 nonsense\r\n\r\n"])
def test_an_answer_that_is_none(serve, said):
    connection, _ = serve(lambda end, _heard: (end.recv(4096), end.sendall(said)))
    with pytest.raises(ValueError, match="no HTTP answer"):
        clients.http(connection, HOST, VALUE, ssl.create_default_context())


def test_a_server_that_nobody_vouches_for_is_refused(serve):
    connection, heard = serve(answer, "http/1.1")
    stranger = make_ca().certificate_pem
    problem = converse("https", connection, HOST, VALUE, trust_in(stranger), stranger, 5)
    assert "certificate" in problem.lower()
    assert heard == []


def test_a_silent_server_costs_no_more_than_the_time_given(authority):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pem = authority.certificate_pem
        assert "imeout" in converse("http", ours, HOST, VALUE, trust_in(pem), pem, 0.1)


def test_over_quic_nobody_is_there(authority):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.connect(("127.0.0.1", 9))
        pem = authority.certificate_pem
        assert converse("quic", ours, HOST, VALUE, trust_in(pem), pem, 0.5)
