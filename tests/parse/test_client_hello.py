"""ClientHellos as OpenSSL writes them, cut and bent."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import client_hello
from auditor.parse.ja4 import ja4


def greeting(host="api.example.com", alpn=("h2", "http/1.1")):
    """A real ClientHello without its record header."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(list(alpn))
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()[5:]


def test_who_asks_for_what():
    hello = client_hello.read(greeting())
    assert client_hello.server_name(hello) == "api.example.com"
    assert client_hello.protocols(hello) == (b"h2", b"http/1.1")
    assert ja4(hello).startswith("t13d")


def test_without_a_name():
    hello = client_hello.read(greeting("192.0.2.7", ()), transport="q")
    assert (client_hello.server_name(hello), client_hello.protocols(hello)) == ("", ())
    assert ja4(hello).startswith("q13i")


@given(st.data())
def test_bent_ones_are_read_or_refused(data):
    message = bytearray(greeting())
    for _ in range(data.draw(st.integers(0, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(message[: data.draw(st.integers(0, len(message)))])
    try:
        hello = client_hello.read(cut)
    except ValueError:
        return
    client_hello.server_name(hello)
    client_hello.protocols(hello)
    assert len(ja4(hello)) == 36


@given(st.binary(max_size=200))
def test_noise(noise):
    with pytest.raises(ValueError, match="ClientHello"):
        client_hello.read(b"\x02" + noise)
