from __future__ import annotations

import base64
import binascii
import codecs
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.engine import Searcher
from auditor.classify.search.forms import forms
from auditor.classify.search.forms import variants
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind


def canary(value: str, kind: str = "prompt") -> Canary:
    return Canary(id="c", kind=CanaryKind(kind), value=value, planted_in="somewhere")


@functools.cache
def searcher(one: Canary) -> Searcher:
    return Searcher(forms(one))


def encodings_found(one: Canary, data: bytes) -> set[tuple[str, ...]]:
    return {hit.form.encoding for hit in searcher(one).find(data)}


MARKER = "velka-zofin-4821"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (MARKER.upper().encode(), ()),
        (b"velka_zofin_4821", ()),
        (b"velkazofin4821", ()),
        ("velka\u2011zofin\u20114821".encode(), ()),
        (MARKER.encode().hex().upper().encode(), ("hex",)),
        (MARKER.encode().hex(":").encode(), ("hex",)),
        (b"".join(b"%%%02X" % c for c in MARKER.encode()), ("url",)),
        (b"".join(b"\\u%04X" % c for c in MARKER.encode()), ("json",)),
        (MARKER.encode("utf-16-le"), ("utf-16le",)),
        (MARKER.encode("utf-16-be"), ("utf-16be",)),
        (MARKER.encode("utf-32-le"), ("utf-32le",)),
        (MARKER.encode("utf-32-be"), ("utf-32be",)),
        (MARKER.encode()[::-1], ("reversed",)),
        (codecs.encode(MARKER, "rot13").encode(), ("rot13",)),
        (base64.b64encode(MARKER.encode())[::-1], ("base64", "reversed")),
        (codecs.encode(base64.b64encode(MARKER.encode()).decode(), "rot13").encode(), ("base64", "rot13")),
        (bytes(byte ^ 0x5A for byte in MARKER.encode()), ("xor",)),
        (b"G6=<2\\K@7:?\\cga`", ("rot47",)),
        (binascii.b2a_uu(MARKER.encode(), backtick=True), ("uuencode",)),
    ],
)
def test_writings(data, encoding):
    assert encoding in encodings_found(canary(MARKER), b"before " + data + b" after")


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_base64_at_every_alignment(before, after):
    text = base64.b64encode(before + MARKER.encode() + after)
    assert ("base64",) in encodings_found(canary(MARKER), b"x=" + text.rstrip(b"="))


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_base32_at_every_alignment_and_in_any_case(before, after):
    text = base64.b32encode(before + MARKER.encode() + after).decode().rstrip("=").lower()
    assert ("base32",) in encodings_found(canary(MARKER), f"{text}.t.example".encode())


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_base85_at_every_alignment(before, after):
    data = before + MARKER.encode() + after
    assert ("base85",) in encodings_found(canary(MARKER), b"x " + base64.b85encode(data))
    assert ("ascii85",) in encodings_found(canary(MARKER), b"<~" + base64.a85encode(data) + b"~>")


def test_urlsafe_alphabet():
    value = "??>>~~??>>velka"
    assert ("base64url",) in encodings_found(canary(value), base64.urlsafe_b64encode(value.encode()))


def test_spellings_of_addresses_and_ids():
    assert str(0x3CFDFE112233) in variants(canary("3c:fd:fe:11:22:33", "identity"))
    assert "3cfdfe112233" in variants(canary("3c:fd:fe:11:22:33", "identity"))
    machine = "3f2a9c0d11e84b7f9a6c5d4e3f2a1b0c"
    assert "3f2a9c0d-11e8-4b7f-9a6c-5d4e3f2a1b0c" in variants(canary(machine, "identity"))


def test_base64_of_a_short_user_name_stands_alone():
    user = canary("tezufo94", "identity")
    assert ("base64",) in encodings_found(user, b'{"u": "%b"}' % base64.b64encode(b"tezufo94"))
    assert not encodings_found(user, b"x" + base64.b64encode(b"tezufo94").rstrip(b"=") + b"x")


def test_short_values_are_not_searched_for():
    assert forms(canary("abc123")) == ()
    plain = [one for one in forms(canary("abc", "identity")) if not one.encoding]
    assert plain == []
    [plain] = [one for one in forms(canary("bado47", "identity")) if not one.encoding]
    assert plain.whole_word


@pytest.mark.parametrize("kind", ["prompt", "identity"])
def test_no_form_is_short_unless_it_must_stand_alone(kind):
    assert all(len(one.pattern) >= 8 or one.whole_word for one in forms(canary("fibota12", kind)))
