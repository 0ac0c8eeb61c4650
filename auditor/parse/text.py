"""Ways to write text inside text: percent, backslash and entity escapes, quoted-printable, UTF-16.

Each decoder takes bytes and gives back every reading that it finds in them; none raises, since bytes that
are not of an encoding simply have no reading in it. Not content codings (`encodings`), not bases (`bases`).
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from functools import lru_cache
from html.entities import html5
from urllib.parse import unquote_to_bytes

from auditor.parse.runs import STRINGS
from auditor.parse.runs import Runs

SHORTEST = 8
"""Nothing shorter than this many decoded bytes is worth a reading."""

LAST_CODE_POINT = 0x10FFFF

_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}")
_ENTITY = re.compile(rb"(&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)")
_SURROGATES = re.compile(rb"(?:\xed[\xa0-\xbf][\x80-\xbf])+")
_SIMPLE_ESCAPES = tuple(
    (b"\\" + sign, meaning)
    for sign, meaning in (
        (b'"', b'"'), (b"'", b"'"), (b"/", b"/"), (b"n", b"\n"), (b"r", b"\r"), (b"t", b"\t"), (b"b", b"\b"),
        (b"f", b"\f"),
    )
)  # fmt: skip
_CODE_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\})")
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_QUOTED = re.compile(rb"=(?:[0-9A-F]{2}|\r?\n)")
_LOW = bytes(range(6))
_HIGH = b"\t\n\r" + bytes(range(0x20, 0x100))
_UTF16_LE = Runs(b"hlhlhlhlhlhlhlhl", rb"(?:hl)*", h=_HIGH, l=_LOW)
_UTF16_BE = Runs(b"lhlhlhlhlhlhlhlh", rb"(?:lh)*", h=_HIGH, l=_LOW)


def strings(data: bytes) -> bytes:
    """The text in some bytes: all of them when they are text, else runs of printable ASCII, one a line."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return b"\n".join(STRINGS.find(data))
    return data if b"\x00" not in data else b"\n".join(STRINGS.find(data))


def percent(data: bytes) -> list[bytes]:
    """Percent-encoding (RFC 3986 section 2.1); `+` stays, as forms are read elsewhere.

    >>> percent(b"a%20b")
    [b'a b']
    """
    return [unquote_to_bytes(data)] if _PERCENT.search(data) else []


def backslash(data: bytes) -> list[bytes]:
    r"""Escapes of JSON strings (RFC 8259 section 7) and JavaScript: ``\n``, ``\xHH``, ``\uHHHH``, ``\u{H}``.

    One level is taken off; JSON inside JSON needs another call.
    """
    if b"\\" not in data:
        return []
    # Of two backslashes in a row the first escapes the second: what lies between such pairs holds lone ones.
    return [_join_surrogates(b"\\".join(_unescaped(part) for part in data.split(b"\\\\")))]


def _unescaped(part: bytes) -> bytes:
    if b"\\" not in part:
        return part
    for sign, meaning in _SIMPLE_ESCAPES:
        part = part.replace(sign, meaning)
    if b"\\u" in part or b"\\x" in part:
        pieces = _CODE_ESCAPE.split(part)
        pieces[1::2] = map(_code_point, pieces[1::2])
        part = b"".join(pieces)
    return part


@lru_cache(maxsize=4096)
def _code_point(escape: bytes) -> bytes:
    code = int(escape.strip(b"ux{}"), 16)
    return chr(code).encode("utf-8", "surrogatepass") if code <= LAST_CODE_POINT else b"\\" + escape


def octal(data: bytes) -> list[bytes]:
    r"""Three octal digits behind a backslash, as C and the shells write bytes.

    >>> octal(rb"\166\145lka")
    [b'velka']
    """
    pieces = _OCTAL.split(data)
    pieces[1::2] = (bytes([int(digits, 8)]) for digits in pieces[1::2])
    return [b"".join(pieces)] if len(pieces) > 1 else []


def _join_surrogates(data: bytes) -> bytes:
    """Two escaped halves (RFC 8259 section 7) make one sign; a half alone becomes U+FFFD."""
    return _SURROGATES.sub(lambda run: _pair(run[0]), data) if b"\xed" in data else data


def _pair(run: bytes) -> bytes:
    halves = run.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "replace").encode()


def entities(data: bytes) -> list[bytes]:
    """Character references of HTML and XML; those to control signs are followed too, unlike a browser's.

    >>> entities(b"&lt;&#65;&#x42;")
    [b'<AB']
    """
    pieces = _ENTITY.split(data)
    pieces[1::2] = map(_character, pieces[1::2])
    return [b"".join(pieces)] if len(pieces) > 1 else []


@lru_cache(maxsize=4096)
def _character(reference: bytes) -> bytes:
    if not reference.startswith(b"&#"):
        return html5.get(reference[1:].decode(), reference.decode()).encode()
    digits = reference[2:-1]
    code = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
    return chr(code).encode("utf-8", "surrogatepass") if code <= LAST_CODE_POINT else reference


def quoted_printable(data: bytes) -> list[bytes]:
    r"""Quoted-printable (RFC 2045 section 6.7).

    >>> quoted_printable(b"a=2Db=\r\nc")
    [b'a-bc']
    """
    return [binascii.a2b_qp(data)] if _QUOTED.search(data) else []


def utf16(data: bytes) -> list[bytes]:
    """Runs of UTF-16 text below U+0600 in either byte order, as UTF-8; UTF-32 of ASCII too."""
    zeros = data.count(b"\x00")
    if not zeros:
        return []
    found = [
        b"\n".join(run.decode(codec, "replace").encode() for run in runs.find(data))
        for runs, codec in ((_UTF16_LE, "utf-16-le"), (_UTF16_BE, "utf-16-be"))
    ]
    if zeros * 2 > len(data):
        found.append(data.replace(b"\x00", b""))
        # Text that holds zeros itself (UTF-16 within UTF-16) must keep them: its lengths count them.
        found += [data[1 - first :: 2] for first in (0, 1) if not any(data[first::2])]
    return [text for text in found if len(text) >= SHORTEST]


def printable(data: bytes) -> str:
    r"""Text for a reader: UTF-8 where it is that, control, format and bidi signs replaced by a space.

    >>> printable(b"a\x00b\xe2\x80\xaec")
    'a b c'
    """
    text = data.decode("utf-8", "replace").replace("\ufffd", ".")
    return "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
