"""HTTP/2, gRPC and WebSocket by real clients, and what was written down about them."""

from __future__ import annotations

import shutil
import subprocess

import h2.config
import h2.connection
import h2.events
import pytest
import wsproto
from wsproto.events import AcceptConnection
from wsproto.events import CloseConnection
from wsproto.events import Ping
from wsproto.events import Pong
from wsproto.events import Request
from wsproto.events import TextMessage

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Service

MIB = 1 << 20


def one(seen, kind):
    (only,) = seen[kind]
    return only


def bodies_of(seen, direction):
    return [each for each in seen["http.body"] if each.direction == direction]


# HTTP/2


def h2_request(client, fields, body=b"", *, pieces=1, trailers=()):
    """One request over an established connection; returns (header fields, body, trailer fields)."""
    talk = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    talk.initiate_connection()
    talk.send_headers(1, fields, end_stream=not body)
    size = len(body) // pieces
    for number in range(pieces) if body else ():
        last = number == pieces - 1 and not trailers
        talk.send_data(1, body[number * size : (number + 1) * size], end_stream=last)
    if trailers:
        talk.send_headers(1, trailers, end_stream=True)
    client.sendall(talk.data_to_send())
    heads, got = [], b""
    while True:
        for event in talk.receive_data(client.recv(65536)):
            if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                heads.append(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                got += event.data
                talk.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, h2.events.StreamEnded):
                return dict(heads[0]), got, dict(heads[1]) if heads[1:] else {}
        client.sendall(talk.data_to_send())


def fields(method, path, host="api.openai.com", scheme="https", **more):
    pseudo = [(":method", method), (":path", path), (":scheme", scheme), (":authority", host)]
    return pseudo + [(name.replace("_", "-"), value) for name, value in more.items()]


def test_http2(world):
    with world.tls("api.openai.com", alpn=["h2", "http/1.1"]) as client:
        assert client.selected_alpn_protocol() == "h2"
        head, body, _ = h2_request(
            client, fields("POST", "/v1/chat/completions"), b'{"stream": true}', pieces=4
        )
    assert head[":status"] == "200"
    assert "transfer-encoding" not in head
    assert body.endswith(b"[DONE]\n\n")
    seen = world.stop()
    request = one(seen, "http.request")
    assert (request.url, request.version) == ("https://api.openai.com/v1/chat/completions", "HTTP/2.0")
    assert world.body(bodies_of(seen, "out")[0].body) == b'{"stream": true}'
    assert world.body(bodies_of(seen, "in")[0].body) == body
    assert one(seen, "flow.closed").protocol == "h2"


def test_grpc_over_plain_http2_with_trailers(world):
    path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    with world.connect() as client:
        head, body, trailers = h2_request(
            client,
            fields("POST", path, scheme="http", content_type="application/grpc"),
            b"\0\0\0\0\x03abc",
            trailers=[("x-secret", "after")],
        )
    assert (head["content-type"], body, trailers["grpc-status"]) == ("application/grpc", b"\0\0\0\0\0", "0")
    seen = world.stop()
    assert bodies_of(seen, "out")[0].trailers == (("x-secret", "after"),)
    assert one(seen, "http.response").served_by == "grpc"


def test_http2_upload_that_breaks_off(world):
    with world.tls(alpn=["h2"]) as client:
        talk = h2.connection.H2Connection()
        talk.initiate_connection()
        talk.send_headers(1, fields("POST", "/x"))
        talk.send_data(1, b"only this")
        client.sendall(talk.data_to_send())
    stored = one(world.stop(), "http.body")
    assert (world.body(stored.body), stored.complete) == (b"only this", False)


def test_what_an_http2_client_says_beside_its_requests(world):
    with world.tls(alpn=["h2"]) as client:
        talk = h2.connection.H2Connection()
        talk.initiate_connection()
        talk.send_headers(1, fields("GET", "/"), end_stream=True)
        talk.ping(b"in pings")
        talk.close_connection(additional_data=b"and on leaving")
        client.sendall(talk.data_to_send())
        client.recv(65536)
    seen = world.stop()
    assert world.body(one(seen, "stream.data").body) == b"in pings" + b"and on leaving"


# WebSocket


@pytest.mark.parametrize("tls", [False, True])
def test_websocket(world, tls):
    client = world.tls("ws.example") if tls else world.connect()
    talk = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)

    def until(kind):
        while True:
            for event in talk.events():
                if isinstance(event, kind):
                    return event
            talk.receive_data(client.recv(65536))

    client.sendall(talk.send(Request(host="ws.example", target="/live", subprotocols=["graphql-ws", "x"])))
    assert until(AcceptConnection).subprotocol == "graphql-ws"
    client.sendall(talk.send(TextMessage(data="the secret prompt")))
    client.sendall(talk.send(wsproto.events.BytesMessage(data=b"\0\1\2")))
    client.sendall(talk.send(Ping(payload=b"still there")))
    assert until(Pong).payload == b"still there"
    client.sendall(talk.send(CloseConnection(code=1000, reason="for a reason")))
    assert until(CloseConnection).code == 1000
    client.close()
    seen = world.stop()
    first, second, ping, reason = seen["ws.message"]
    assert [world.body(each.body) for each in (ping, reason)] == [b"still there", b"for a reason"]
    assert (first.direction, first.text, world.body(first.body)) == ("out", True, b"the secret prompt")
    assert (second.text, world.body(second.body)) == (False, b"\0\1\2")
    assert one(seen, "http.request").url == f"{'wss' if tls else 'ws'}://ws.example/live"
    assert one(seen, "http.response").status == 101
    assert (one(seen, "flow.closed").protocol, one(seen, "flow.closed").error) == ("ws", "")


def test_compressed_websocket_messages_are_read(world):
    offer = wsproto.extensions.PerMessageDeflate()
    with world.connect() as client:
        talk = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        client.sendall(talk.send(Request(host="ws.example", target="/", extensions=[offer])))
        while not any(isinstance(event, AcceptConnection) for event in talk.events()):
            talk.receive_data(client.recv(65536))
        assert offer.enabled()
        for text in ("the same words", "the same words", ""):
            client.sendall(talk.send(TextMessage(data=text)))
        client.sendall(talk.send(CloseConnection(code=1000)))
        client.recv(65536)
    texts = [world.body(each.body) for each in world.stop()["ws.message"] if each.body]
    assert texts[:2] == [b"the same words"] * 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_large_http2_download_does_not_pile_up_for_a_slow_client(make_world, tmp_path, peak_kib):
    huge = Service(name="huge", path="/huge", reply=lambda _: Reply(body=(bytes(MIB) for _ in range(48))))
    world = make_world(extra_services=(huge,)).ready()
    (tmp_path / "ca.pem").write_bytes(world.ca.certificate_pem)
    command = ["curl", "-sS", "--http2", "--cacert", tmp_path / "ca.pem", "--limit-rate", "24M"]
    connect = ["--connect-to", f"api.example.com:443:127.0.0.1:{world.port}", "-o", tmp_path / "got"]
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before = peak_kib()
    subprocess.run([*command, *connect, "https://api.example.com/huge"], check=True, timeout=60)
    assert (tmp_path / "got").stat().st_size == 48 * MIB
    assert peak_kib() - before < 24 * 1024
    assert one(world.stop(), "flow.closed").protocol == "h2"
