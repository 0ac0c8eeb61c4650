"""Real QUIC clients against the world on loopback, and what was written down about them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time

import pytest
from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.events import StreamDataReceived

from auditor.internet.quic.session import reason_of
from auditor.parse import dns
from auditor.parse.dns import Message
from auditor.parse.dns import Question
from auditor.parse.dns import Type


class Client(QuicConnectionProtocol):
    """Collects what comes back, by stream."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.h3 = H3Connection(self._quic) if self._quic.configuration.alpn_protocols == ["h3"] else None
        self.got = {}
        self.ended = {}

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            return
        parts = self.h3.handle_event(event) if self.h3 else [event]
        for part in parts:
            if isinstance(part, StreamDataReceived | HeadersReceived | DataReceived):
                kept = self.got.setdefault(part.stream_id, [])
                kept.append(part.headers if isinstance(part, HeadersReceived) else part.data)
                over = part.end_stream if isinstance(part, StreamDataReceived) else part.stream_ended
                if over:
                    self.ended.setdefault(part.stream_id, asyncio.Event()).set()

    async def answer(self, stream):
        self.transmit()
        await asyncio.wait_for(self.ended.setdefault(stream, asyncio.Event()).wait(), 20)
        return self.got[stream]

    async def request(self, method, path, body=b"", host="api.example.com"):
        stream = self._quic.get_next_available_stream_id()
        head = [
            (b":method", method),
            (b":scheme", b"https"),
            (b":authority", host.encode()),
            (b":path", path),
        ]
        self.h3.send_headers(stream, [*head, (b"user-agent", b"test")], end_stream=not body)
        for start in range(0, len(body), 65536):
            piece = body[start : start + 65536]
            self.h3.send_data(stream, piece, end_stream=start + 65536 >= len(body))
        return await self.answer(stream)


def configuration(world, *, alpn="h3", host="api.example.com", trusted=True, **options):
    made = QuicConfiguration(is_client=True, alpn_protocols=[alpn], server_name=host, **options)
    if trusted:
        made.load_verify_locations(cadata=world.ca.certificate_pem)
    return made


def talk(world, what, **options):
    """Run one client to its end."""

    async def main():
        async with connect(
            "127.0.0.1", world.udp_port, configuration=configuration(world, **options), create_protocol=Client
        ) as client:
            return await what(client)

    return asyncio.run(main())


def one(seen, kind):
    (only,) = seen[kind]
    return only


def test_requests_over_http3(world):
    async def use(client):
        return [await client.request(b"POST", b"/batch/?n=%d" % n, b"event %d" % n) for n in range(3)]

    answers = talk(world, use, host="us.i.posthog.com")
    assert [dict(each[0])[b":status"] for each in answers] == [b"200"] * 3
    assert b"".join(answers[0][1:]) == b'{"status":1}'
    seen = world.stop()
    opened, closed, hello = (one(seen, kind) for kind in ("flow.opened", "flow.closed", "tls.hello"))
    assert (opened.transport, opened.cookie, closed.protocol, closed.error) == ("udp", 1, "h3", "")
    assert (hello.sni, hello.alpn, hello.ja4[:4]) == ("us.i.posthog.com", ("h3",), "q13d")
    assert one(seen, "tls.established").alpn == "h3"
    assert [each.url for each in seen["http.request"]] == [
        f"https://api.example.com/batch/?n={n}" for n in range(3)
    ]
    out = [each for each in seen["http.body"] if each.direction == "out"]
    assert [world.body(each.body) for each in out] == [b"event 0", b"event 1", b"event 2"]
    assert all(each.complete for each in seen["http.body"])
    assert {each.served_by for each in seen["http.response"]} == {"posthog"}
    assert min(closed.bytes_out, closed.bytes_in) > 1200
    assert "stream.data" not in seen
    assert b"CLIENT_TRAFFIC_SECRET_0 " in world.keylog.read_bytes()


def test_a_large_upload(world):
    body = bytes(range(256)) * 8192

    async def use(client):
        return await client.request(b"PUT", b"/upload", body)

    talk(world, use)
    (stored,) = [each for each in world.stop()["http.body"] if each.direction == "out"]
    assert stored.bytes == len(body)


def test_a_client_that_refuses_the_certificate(world):
    async def use(client):
        raise AssertionError("connected")

    with pytest.raises(ConnectionError):
        talk(world, use, trusted=False)
    seen = world.stop()
    assert one(seen, "tls.failed").reason in ("bad certificate", "unknown ca")
    assert one(seen, "tls.hello").sni == "api.example.com"
    assert one(seen, "flow.closed").protocol == "quic"
    assert "tls.established" not in seen


def test_another_protocol_over_quic(world):
    async def use(client):
        client._quic.send_stream_data(0, b"a secret of its own", end_stream=True)
        client.transmit()
        await asyncio.sleep(0.2)

    talk(world, use, alpn="chat/1")
    seen = world.stop()
    assert world.body(one(seen, "stream.data").body) == b"a secret of its own"
    assert (one(seen, "flow.closed").protocol, one(seen, "tls.established").alpn) == ("quic", "chat/1")


def test_names_over_quic(world):
    query = dns.encode(Message(id=0, questions=(Question(name="doq.example", type=Type.A),)))

    async def use(client):
        client._quic.send_stream_data(0, len(query).to_bytes(2) + query, end_stream=True)
        return b"".join(await client.answer(0))

    answer = talk(world, use, alpn="doq")
    assert dns.parse(answer[2:]).answers
    seen = world.stop()
    asked = one(seen, "dns.query")
    assert (asked.name, asked.transport, asked.flow) == ("doq.example", "doq", "f1")
    assert one(seen, "flow.closed").protocol == "doq"


def test_a_client_that_speaks_before_the_proxy_is_there(make_world):
    world = make_world()

    async def use(client):
        return await client.request(b"GET", b"/early")

    talk(world, use)
    assert one(world.stop(), "http.request").url.endswith("/early")


def test_a_client_that_goes_away_in_the_middle(world):
    async def use(client):
        client.h3.send_headers(0, [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"a.example"),
                                   (b":path", b"/x")])  # fmt: skip
        client.h3.send_data(0, b"half of it", end_stream=False)
        client.transmit()
        await asyncio.sleep(0.2)

    talk(world, use)
    seen = world.stop()
    assert [(each.bytes, each.complete) for each in seen["http.body"]] == [(10, False)]


def test_an_unknown_version_is_told_which_ones_there_are(world):
    strange = b"\xc0\x1a\x2a\x3a\x4a\x08" + b"d" * 8 + b"\x08" + b"s" * 8 + bytes(1200)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", world.udp_port))
        client.send(strange)
        answer = client.recv(2048)
    assert (answer[1:5], answer[5:14]) == (bytes(4), b"\x08" + b"s" * 8)
    seen = world.stop()
    assert one(seen, "flow.closed").protocol == "quic"
    assert world.body(one(seen, "stream.data").body) == strange


def test_what_only_looks_like_quic_is_kept(world):
    garbage = b"\xc3\x00\x00\x00\x01\x08" + b"x" * 500
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", world.udp_port))
        client.send(garbage)
        time.sleep(0.2)
    seen = world.stop()
    assert (one(seen, "flow.closed").protocol, one(seen, "flow.closed").error) == ("quic", "")
    assert world.body(one(seen, "stream.data").body) == garbage


def test_two_connections_from_one_port(world):
    async def use(client):
        return await client.request(b"GET", b"/x")

    async def main():
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for _ in range(2):
            async with connect(
                "127.0.0.1", world.udp_port, configuration=configuration(world), create_protocol=Client,
                local_port=port,
            ) as client:  # fmt: skip
                await use(client)

    asyncio.run(main())
    seen = world.stop()
    assert len(seen["flow.opened"]) == len(seen["tls.established"]) == len(seen["http.request"]) == 2
    assert "stream.data" not in seen


def test_reasons():
    assert reason_of(0x100 + 48, "") == "unknown ca"
    assert reason_of(0x1FF, "odd") == "odd"
    assert reason_of(0, "") == "disconnected"


def test_the_certificate_is_checked_like_any_other(world):
    async def use(client):
        raise AssertionError("connected")

    with pytest.raises(ConnectionError):
        talk(world, use, host="other.example", verify_mode=ssl.CERT_REQUIRED, trusted=False)
