from __future__ import annotations

import html
import json
import quopri
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import text

ALL = (text.percent, text.backslash, text.entities, text.quoted_printable, text.utf16)


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
        (rb"\u{76}\u{1F600}\u{ffffff}", "v\U0001f600\\u{ffffff}".encode()),
        (rb"\\\"x\\n\n", b'\\"x\\n\n'),
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


@given(st.binary(max_size=200))
def test_quoted_printable(data):
    coded = quopri.encodestring(data)
    # The standard library's own decoder also reads line ends of the other kind as ends of lines.
    assert text.quoted_printable(coded) == ([quopri.decodestring(coded)] if b"=" in coded else [])


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text(codec):
    assert any(b"hello wide world" in reading for reading in text.utf16("hello wide world".encode(codec)))


def test_text_inside_binary_data():
    assert text.strings(b"\xff\x00some text here\x00\xff\x01more of it\xfe") == b"some text here\nmore of it"
    assert text.strings("plain é text".encode()) == "plain é text".encode()


@given(st.binary(max_size=200))
def test_printable_is_printable(data):
    assert text.printable(data).isprintable()
