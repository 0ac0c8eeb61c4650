from __future__ import annotations

import base64
import html
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import text

ALL = (text.percent, text.backslash, text.entities, text.base64, text.hexadecimal, text.utf16)


@given(st.sampled_from(ALL), st.binary(max_size=500))
def test_any_bytes_have_bounded_readings(decode, data):
    readings = decode(data)
    assert all(isinstance(reading, bytes) for reading in readings)
    assert sum(map(len, readings)) <= 8 * len(data) + 8


@given(st.text(max_size=200))
def test_json_strings(value):
    coded = json.dumps(value).encode()
    expected = b'"' + value.encode("utf-8", "surrogatepass") + b'"'
    assert text.backslash(coded) in ([expected], [])
    assert text.backslash(coded) or b"\\" not in coded


@given(st.text(max_size=100))
def test_json_in_json_comes_off_level_by_level(value):
    twice = json.dumps(json.dumps({"a": value})).encode()
    [once] = text.backslash(twice)
    assert once == b'"' + json.dumps({"a": value}).encode() + b'"'


@pytest.mark.parametrize(
    ("coded", "plain"),
    [
        (rb"\x41\u0042\/", b"AB/"),
        (rb"a\qb", rb"a\qb"),
        (rb"\u00e9", "é".encode()),
        (rb"\ud83d\ude00", "\U0001f600".encode()),
        (rb"\ud83d!", "\ufffd!".encode()),
        (rb"\u12", rb"\u12"),
        (b"ends with \\", b"ends with \\"),
        (rb"\\u0041", rb"\u0041"),
    ],
)
def test_backslash(coded, plain):
    assert text.backslash(coded) == [plain]


@given(st.binary(min_size=1, max_size=200))
def test_percent(data):
    coded = urllib.parse.quote(data, safe="").encode()
    assert text.percent(coded) == ([data] if b"%" in coded else [])


@given(st.text(max_size=100))
def test_entities(value):
    coded = html.escape(value).encode("utf-8", "surrogatepass")
    expected = value.encode("utf-8", "surrogatepass")
    if "&" not in value:
        assert text.entities(coded) in ([expected], [])


@pytest.mark.parametrize(
    ("coded", "plain"),
    [(b"&#0;&#65;", b"\x00A"), (b"&#x1F600;", "\U0001f600".encode()), (b"&nosuch;&amp;", b"&nosuch;&"),
     (b"&#9999999;", b"&#9999999;"), (b"&frac12;", "½".encode())],
)  # fmt: skip
def test_character_references(coded, plain):
    assert text.entities(coded) == [plain]


@given(st.binary(min_size=9, max_size=200), st.sampled_from(["", "k", "kk", "kkk"]), st.booleans())
def test_base64_inside_longer_runs(data, before, urlsafe):
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    coded = before.encode() + encode(data).rstrip(b"=")
    assert any(data in reading for reading in text.base64(b"<" + coded + b">"))


def test_wrapped_base64():
    data = bytes(range(200))
    for coded in (base64.encodebytes(data), base64.encodebytes(data).replace(b"\n", b"\r\n")):
        assert any(reading.startswith(data) for reading in text.base64(coded))


def test_many_tokens_are_read_together():
    tokens = [base64.b64encode(b"token number %04d of many" % number) for number in range(500)]
    readings = text.base64(b" ".join(tokens))
    assert len(readings) < 10
    assert all(b"token number %04d of many" % number in readings[0] for number in range(500))


@given(st.binary(min_size=8, max_size=100), st.sampled_from(["", ":", " ", "-", ","]))
def test_hex(data, separator):
    coded = data.hex(separator) if separator else data.hex()
    assert any(data in reading for reading in text.hexadecimal(b"x" + coded.upper().encode()))
    assert any(data in reading for reading in text.hexadecimal(b"f" + coded.encode())) or separator


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text(codec):
    assert any(b"hello wide world" in reading for reading in text.utf16("hello wide world".encode(codec)))


def test_text_inside_binary_data():
    assert text.strings(b"\xff\x00some text here\x00\xff\x01more of it\xfe") == b"some text here\nmore of it"
    assert text.strings("plain é text".encode()) == "plain é text".encode()


@given(st.binary(max_size=200))
def test_printable_is_printable(data):
    assert text.printable(data).isprintable()
