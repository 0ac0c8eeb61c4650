"""Initial packets of a real client, whole, shuffled and bent."""

from __future__ import annotations

import contextlib

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import client_hello
from auditor.parse import quic

VERSIONS = tuple(quic.VERSIONS)


def initials(version=VERSIONS[0], host="api.example.com", alpn=("h3",)):
    """The first datagrams of a client."""
    configuration = QuicConfiguration(
        is_client=True, server_name=host, alpn_protocols=list(alpn),
        supported_versions=[version], original_version=version,
    )  # fmt: skip
    client = QuicConnection(configuration=configuration)
    client.connect(("192.0.2.1", 443), now=0.0)
    return [data for data, _ in client.datagrams_to_send(now=0.0)]


def message(datagrams):
    reader = quic.InitialReader()
    for each in datagrams:
        reader.feed(each)
    return reader.message


@pytest.mark.parametrize("version", VERSIONS)
def test_the_clienthello_of_a_client(version):
    hello = client_hello.read(message(initials(version)), transport="q")
    assert client_hello.server_name(hello) == "api.example.com"
    assert client_hello.protocols(hello) == (b"h3",)


@pytest.mark.parametrize("order", [1, -1])
def test_a_long_one_comes_in_pieces(order):
    offered = tuple(f"{n}-{'x' * 200}" for n in range(10))
    datagrams = initials(alpn=offered)
    assert len(datagrams) > 1
    assert message(datagrams[:1]) == b""
    hello = client_hello.read(message(datagrams[::order] * 2))
    assert len(client_hello.protocols(hello)) == 10


def test_connection_ids():
    header = quic.long_header(initials()[0])
    assert (header.version, len(header.destination), len(header.source)) == (1, 8, 8)


@pytest.mark.parametrize("data", [b"", b"\x40" * 30, b"\xc0\0\0\0\1\xff", b"\xc0\0\0\0\1\x08" + b"a" * 8])
def test_no_header(data):
    with pytest.raises(ValueError, match="QUIC"):
        quic.long_header(data)


@given(st.data())
def test_bent_packets_are_read_or_refused(data):
    (packet, *_) = initials()
    bent = bytearray(packet)
    for _ in range(data.draw(st.integers(0, 3))):
        bent[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    reader = quic.InitialReader()
    with contextlib.suppress(ValueError):
        reader.feed(bytes(bent[: data.draw(st.integers(0, len(bent)))]))
    assert reader.message in (b"", message([packet]))


@given(st.binary(max_size=80))
def test_frames_of_noise(payload):
    reader = quic.InitialReader()
    with contextlib.suppress(ValueError):
        reader._frames(payload)
    assert len(reader.message) <= quic.MAX_CRYPTO
