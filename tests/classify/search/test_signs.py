from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.decoders import DECODERS
from auditor.classify.search.signs import GATES
from auditor.classify.search.signs import STREAMS
from auditor.classify.search.signs import signs


@pytest.mark.parametrize(
    ("data", "gate"),
    [(b"velka%2Dzofin", "url"), (rb"vel\u006ba-zofin", "json"), (b'"velka\\"', "json"), (b"a&#45;b", "html"),
     (b"velka=3Dzofin", "quoted-printable"), (b"velka-=\r\nzofin", "quoted-printable"), (b"v=65l=6Ba=2Dz", "quoted-printable"),
     ("velka".encode("utf-16-le"), "utf-16"), ("velka".encode("utf-32-be"), "utf-16"),
     (b"76:65:6c:6b:61:2d", "hex-spaced"), (b"VQ;p>{Ap8*EFz", "base85"), (b"--b\r\n", "multipart"),
     (rb"\166\145lka", "octal"), (b"[118, 101, 108, 107]", "decimal"), (b"118 101 108 107 ", "decimal"),
     (b"0x76, 0x65", "hex-c"), (b"01110110 01100101 01101100", "binary"), (b'"==AbkFy54WZ2"', "base64-reversed"),
     (b"id: 1\ndata: x", "sse")],
)  # fmt: skip
def test_each_gate(data, gate):
    assert gate in signs(data).gates
    assert (
        gate in signs(b"\xff" * 50 + b"\nsome" + data + b"more\xff\n").gates
        or data.startswith(b"-")
        or gate == "sse"
    )


def test_every_gate_has_a_decoder():
    assert GATES.keys() | STREAMS.keys() <= {decoder.name for decoder in DECODERS} | {
        "multipart",
        "base85-short",
    }


def test_plain_text_shows_nothing():
    assert signs(b"a plain note about nothing, 100% of it").gates == frozenset()


def test_places_of_streams():
    data = b"a" * 70 + gzip.compress(b"x") + zlib.compress(b"y")
    assert [(name, at) for name, at in signs(data).streams if name == "gzip"] == [("gzip", 70)]
    assert "chunked" in {name for name, _ in signs(b"5\r\nvelka\r\n").streams}
    assert "chunked" in {name for name, _ in signs(b"field=5\r\nvelka\r\n").streams}
    assert ("deflate", 70 + len(gzip.compress(b"x"))) in signs(data).streams


@given(st.binary(max_size=300))
def test_any_bytes(data):
    found = signs(data)
    assert all(0 <= at < len(data) for _, at in found.streams)
