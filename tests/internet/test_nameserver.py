"""Questions inside streams: over TLS and on odd ports, whole and in pieces."""

from __future__ import annotations

import time

from auditor.parse import dns
from auditor.parse.dns import Message
from auditor.parse.dns import Question
from auditor.parse.dns import Type


def framed(name, ident=7):
    wire = dns.encode(
        Message(id=ident, recursion_desired=True, questions=(Question(name=name, type=Type.A),))
    )
    return len(wire).to_bytes(2) + wire


def test_over_tls(world):
    with world.tls("one.dns.example", alpn=["dot"]) as client:
        client.sendall(framed("private.example"))
        answer = client.recv(4096)
        client.sendall(framed("second.example", 8)[:5])
        time.sleep(0.05)
        client.sendall(framed("second.example", 8)[5:])
        assert dns.parse(client.recv(4096)[2:]).id == 8
    assert dns.parse(answer[2:]).answers
    seen = world.stop()
    assert [(each.name, each.transport, each.flow) for each in seen["dns.query"]] == [
        ("private.example", "dot", "f1"),
        ("second.example", "dot", "f1"),
    ]
    assert (seen["flow.closed"][0].protocol, seen["tls.hello"][0].sni) == ("dot", "one.dns.example")
    assert "stream.data" not in seen


def test_what_else_is_in_a_question_is_kept(world):
    with world.connect() as client:
        wire = framed("odd.example")[2:] + b"and more"
        client.sendall(len(wire).to_bytes(2) + wire)
        client.recv(4096)
    assert bytes.fromhex(world.stop()["dns.query"][0].beside) == b"and more"


def test_on_any_port(world):
    with world.connect() as client:
        client.sendall(framed("odd.example"))
        assert dns.parse(client.recv(4096)[2:]).answers
    seen = world.stop()
    assert (seen["dns.query"][0].transport, seen["flow.closed"][0].protocol) == ("tcp", "dns")


def test_what_follows_a_question_is_kept(world):
    with world.tls("dns.example") as client:
        client.sendall(framed("first.example"))
        client.recv(4096)
        client.sendall(b"\x00\x06secret\x00\x40cut off")
    seen = world.stop()
    assert world.body(seen["stream.data"][0].body) == b"\x00\x06secret\x00\x40cut off"
