"""UDP over loopback: name look-ups, silence, and what is written down."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import time

import pytest

from auditor.internet import datagrams
from auditor.internet import nameserver
from auditor.internet import stun
from auditor.internet import timeserver
from auditor.internet.datagrams import original_destination
from auditor.internet.gateway_sockets import NOBODY
from auditor.internet.gateway_sockets import Endpoint
from auditor.parse import dns
from auditor.parse.dns import Message
from auditor.parse.dns import Question
from auditor.parse.dns import Type


@pytest.fixture
def name_world(make_world):
    """A world whose UDP and TCP ports are taken for port 53."""

    def make(**options):
        world = make_world(**options).ready()
        for part, port in (
            (world.internet._datagrams, world.udp_port),
            (world.internet._gateway, world.port),
        ):
            part._services[port] = part._services[nameserver.PORT]
        return world

    return make


def query(name, kind=Type.A, ident=5):
    return dns.encode(Message(id=ident, questions=(Question(name=name, type=kind),)))


def client(world):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(10)
    made.connect(("127.0.0.1", world.udp_port))
    return made


def test_two_look_ups_from_one_socket(name_world):
    world = name_world()
    with client(world) as app:
        for number, kind in enumerate((Type.A, Type.AAAA, Type.TXT)):
            app.send(query("api.example.com", kind, number))
            assert dns.parse(app.recv(512)).id == number
    seen = world.stop()
    assert [each.type for each in seen["dns.query"]] == ["A", "AAAA", "TXT"]
    assert {each.cookie for each in seen["dns.query"]} == {1}
    assert [world.internet.name_of(ip) for ip in seen["dns.query"][0].answers] == ["api.example.com"]
    assert len(world.identified) == 1
    assert "flow.opened" not in seen


def test_a_name_server_of_the_apps_own_choice_is_a_flow(name_world):
    world = name_world(resolvers=("192.168.77.1",))
    with client(world) as app:
        app.send(query("api.example.com"))
        answer = app.recv(512)
    seen = world.stop()
    (opened,), (closed,), (asked,) = seen["flow.opened"], seen["flow.closed"], seen["dns.query"]
    assert (asked.flow, opened.transport, opened.ip) == (opened.flow, "udp", "127.0.0.1")
    assert (closed.protocol, closed.bytes_out, closed.bytes_in) == (
        "dns", len(query("api.example.com")), len(answer)
    )  # fmt: skip
    assert "stream.data" not in seen
    assert len(world.identified) == 1


def test_garbage_on_the_name_port_is_a_flow(name_world):
    world = name_world()
    with client(world) as app:
        app.send(b"not a question, but a secret")
        app.send(query("after.example"))
        assert dns.parse(app.recv(512)).answers
    seen = world.stop()
    assert [each.name for each in seen["dns.query"]] == ["after.example"]
    assert world.body(seen["stream.data"][0].body) == b"not a question, but a secret"


def test_look_ups_over_tcp(name_world, exchange):
    world = name_world()
    message = query("tcp.example")
    framed = len(message).to_bytes(2) + message
    with world.connect() as app:
        app.sendall(framed[:7])
        time.sleep(0.05)
        got = exchange(app, framed[7:] + framed, until=b"tcp\x07example\x00\x00\x01\x00\x01\x03tcp")
        assert dns.parse(got[2:]).answers
        app.sendall(b"\x00\x05\xff\xff\xff\xff\xff\x00")
    seen = world.stop()
    assert [each.transport for each in seen["dns.query"]] == ["tcp", "tcp"]
    assert {each.flow for each in seen["dns.query"]} == {"f1"}
    (closed,) = seen["flow.closed"]
    assert (closed.protocol, closed.bytes_out) == ("dns", 2 * len(framed) + 8)
    assert world.body(seen["stream.data"][0].body) == b"\x00\x05\xff\xff\xff\xff\xff\x00"


def test_a_silent_conversation_is_one_flow(world):
    with client(world) as app:
        for piece in (b"one ", b"two ", b"three"):
            app.send(piece)
        port = app.getsockname()[1]
        time.sleep(0.1)
    seen = world.stop()
    (opened,), (closed,), (data,) = seen["flow.opened"], seen["flow.closed"], seen["stream.data"]
    assert (opened.transport, opened.client_port, opened.port) == ("udp", port, world.udp_port)
    assert (closed.protocol, closed.bytes_out, closed.bytes_in) == ("raw", 13, 0)
    assert data.sha256 == hashlib.sha256(b"one two three").hexdigest()


def test_silence_ends_a_conversation(make_world, monkeypatch):
    monkeypatch.setattr(datagrams, "IDLE_S", 0.05)
    monkeypatch.setattr(datagrams, "SWEEP_S", 0.05)
    world = make_world()
    with client(world) as app:
        app.send(b"first")
        time.sleep(0.5)
        app.send(b"second")
        time.sleep(0.1)
    assert [each.bytes for each in world.stop()["stream.data"]] == [5, 6]


def test_many_conversations_do_not_exhaust_anything(make_world, monkeypatch):
    monkeypatch.setattr(datagrams, "MAX_CONVERSATIONS", 10)
    world = make_world()
    # All open at once: a port that is used twice would be one conversation.
    with contextlib.ExitStack() as apps:
        for number in range(50):
            apps.enter_context(client(world)).send(b"%d" % number)
        time.sleep(0.3)
    assert len(world.internet._datagrams._conversations) <= 10
    assert len(world.stop()["flow.closed"]) == 50


def test_offline_only_fails_look_ups(name_world):
    world = name_world(mode="offline")
    with client(world) as app:
        app.send(query("api.example.com"))
        assert dns.parse(app.recv(512)).rcode == dns.Rcode.SERVFAIL
    assert [each.rcode for each in world.stop()["dns.query"]] == ["SERVFAIL"]


def test_control_messages_of_both_families():
    four = struct.pack("!HH4s8x", 2, 53, socket.inet_aton("198.18.0.1"))
    six = struct.pack("!HHI16sI", 10, 53, 0, socket.inet_pton(socket.AF_INET6, "fd77:a0d1::1"), 0)
    assert original_destination([(0, 20, four)]) == Endpoint("198.18.0.1", 53)
    assert original_destination([(41, 74, six)]) == Endpoint("fd77:a0d1::1", 53)
    assert original_destination([(1, 2, b"")]) is None


def test_idle_times_are_sane():
    assert datagrams.ANSWERED_IDLE_S < datagrams.IDLE_S < nameserver.IDLE_S


def test_a_time_server(world):
    world.internet._datagrams._services[world.udp_port] = timeserver.answer
    with client(world) as app:
        app.send(b"\x23" + bytes(39) + b"transmit")
        answer = app.recv(512)
        app.send(b"\x26" + b"no question" * 5)
        time.sleep(0.1)
    head, told = answer[0], int.from_bytes(answer[40:44]) - timeserver.SINCE_1900_S
    assert (head, len(answer), answer[24:32]) == (0x24, 48, b"transmit")
    assert abs(told - time.time()) < 5
    seen = world.stop()
    (closed,) = seen["flow.closed"]
    assert (closed.protocol, closed.bytes_out, closed.bytes_in) == ("ntp", 48 + 56, 48)
    assert {each.direction for each in seen["stream.data"]} == {"out", "in"}


def test_an_address_by_stun(world):
    question = struct.pack("!HH", 1, 0) + stun.COOKIE + b"t" * 12
    with client(world) as app:
        app.send(question)
        answer = app.recv(512)
        port = app.getsockname()[1]
    assert struct.unpack("!HH", answer[:4]) == (0x0101, len(answer) - 20)
    assert answer[4:20] == question[4:]
    hidden = bytes(a ^ b for a, b in zip(answer[28:32], stun.COOKIE, strict=True))
    assert socket.inet_ntoa(hidden) == "203.0.113.57"
    assert int.from_bytes(answer[26:28]) ^ 0x2112 == port
    assert world.stop()["flow.closed"][0].protocol == "stun"


def test_an_address_of_the_other_family():
    talk = datagrams.Conversation(
        client=Endpoint("fd77::23", 5), destination=Endpoint("2001:db8::1", 3478), identity=NOBODY,
        family=socket.AF_INET6, last=0.0,
    )  # fmt: skip
    transaction = b"t" * 12
    answer = stun.answer(struct.pack("!HH", 1, 0) + stun.COOKIE + transaction, talk)
    hidden = bytes(a ^ b for a, b in zip(answer.data[28:44], stun.COOKIE + transaction, strict=True))
    assert socket.inet_ntop(socket.AF_INET6, hidden) == stun.PUBLIC_IPV6
    assert stun.answer(struct.pack("!HH", 3, 0) + stun.COOKIE + transaction, talk) is None


def test_offline_quic_is_kept(make_world):
    world = make_world(mode="offline").ready()
    with client(world) as app:
        app.send(b"\xc3\x00\x00\x00\x01\x08" + b"x" * 1300)
        time.sleep(0.1)
    seen = world.stop()
    assert seen["flow.closed"][0].protocol == "quic"
    assert seen["stream.data"][0].bytes == 1306
