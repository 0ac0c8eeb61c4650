"""Ways to write text inside text: percent, backslash and entity escapes, base64, hex, UTF-16.

Each decoder takes bytes and gives back every reading that it finds in them; none raises, since bytes that
are not of an encoding simply have no reading in it. Not content codings: those are in `parse.encodings`.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from html.entities import html5
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST = 8
"""Nothing shorter than this many decoded bytes is worth a reading."""

LAST_CODE_POINT = 0x10FFFF

ALONE = 64
"""Up to this many long runs get a reading of their own; more are joined into one."""

LONG = 24
"""Signs in a run that may hold a compressed canary."""

STRAY = 8
"""Shorter runs of text inside binary data are chance."""

_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}")
_ENTITY = re.compile(rb"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,31}));")
_SURROGATES = re.compile(rb"(?:\xed[\xa0-\xbf][\x80-\xbf])+")
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_SIMPLE_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_KEPT_ESCAPES = frozenset((b'"', b"'", b"/"))
_CODE_ESCAPES = {b"u": 4, b"x": 2}


class _Runs:
    """Finds runs of a class of bytes.

    Bytes are first mapped to the sign of their class, so that the pattern begins with a long literal, which
    `re` finds ten times faster than it tries a character class at every place.
    """

    def __init__(self, pattern: bytes, **classes: bytes) -> None:
        table = bytearray(b"." * 256)
        for sign, members in classes.items():
            for byte in members:
                table[byte] = ord(sign)
        self._table = bytes(table)
        self._pattern = re.compile(pattern)

    def find(self, data: bytes) -> list[bytes]:
        classes = data.translate(self._table)
        return [data[found.start() : found.end()] for found in self._pattern.finditer(classes)]


_HEX_DIGITS = b"0123456789abcdefABCDEF"
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_BASE64_SIGNS = bytes(code for code in range(128) if chr(code).isalnum()) + b"+/-_"
_BASE64 = _Runs(b"b" * 11 + b"b*(?:r?nb+)*", b=_BASE64_SIGNS, r=b"\r", n=b"\n")
_HEX = _Runs(b"h" * 16 + b"h*", h=_HEX_DIGITS)
_SPACED_HEX = _Runs(b"hhshhshhshhshhshhshhshh(?:shh)*", h=_HEX_DIGITS, s=b": ,-")
_STRINGS = _Runs(b"t" * STRAY + b"t*", t=_PRINTABLE)
_LOW = bytes(range(6))
_HIGH = b"\t\n\r" + bytes(range(0x20, 0x100))
_UTF16_LE = _Runs(b"hlhlhlhlhlhlhlhl(?:hl)*", h=_HIGH, l=_LOW)
_UTF16_BE = _Runs(b"lhlhlhlhlhlhlhlh(?:lh)*", h=_HIGH, l=_LOW)


def strings(data: bytes) -> bytes:
    """The text in some bytes: all of them when they are text, else runs of printable ASCII, one a line."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return b"\n".join(_STRINGS.find(data))
    return data if b"\x00" not in data else b"\n".join(_STRINGS.find(data))


def percent(data: bytes) -> list[bytes]:
    """Percent-encoding (RFC 3986 section 2.1); `+` stays, as forms are read elsewhere.

    >>> percent(b"a%20b")
    [b'a b']
    """
    return [unquote_to_bytes(data)] if _PERCENT.search(data) else []


def backslash(data: bytes) -> list[bytes]:
    r"""Escapes of JSON strings (RFC 8259 section 7) and JavaScript: ``\n``, ``\"``, ``\xHH``, ``\uHHHH``.

    One level is taken off; JSON inside JSON needs another call.
    """
    first, *rest = data.split(b"\\")
    pieces = iter(rest)
    # Two backslashes in a row leave an empty piece between them and stand for one.
    read = [_unescaped(piece) if piece else b"\\" + next(pieces, b"") for piece in pieces]
    return [_join_surrogates(first + b"".join(read))] if rest else []


def _unescaped(piece: bytes) -> bytes:
    """What follows a backslash, read."""
    sign = piece[:1]
    if sign in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[sign] + piece[1:]
    if sign in _CODE_ESCAPES:
        digits = piece[1 : 1 + _CODE_ESCAPES[sign]]
        if len(digits) == _CODE_ESCAPES[sign] and not digits.strip(_HEX_DIGITS):
            return chr(int(digits, 16)).encode("utf-8", "surrogatepass") + piece[1 + len(digits) :]
    return piece if sign in _KEPT_ESCAPES else b"\\" + piece


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
    return [_ENTITY.sub(_character, data)] if _ENTITY.search(data) else []


def _character(match: re.Match[bytes]) -> bytes:
    decimal, hexa, name = match.groups()
    if name is not None:
        return html5.get(name.decode() + ";", match[0].decode()).encode()
    code = int(hexa, 16) if hexa else int(decimal)
    return chr(code).encode("utf-8", "surrogatepass") if code <= LAST_CODE_POINT else match[0]


def base64(data: bytes) -> list[bytes]:
    """Base64 in both alphabets (RFC 4648 sections 4 and 5), padded or not, at every alignment.

    A run inside longer text may begin at any of its first four signs, so each is tried.
    """
    runs = [run.translate(_STANDARD_ALPHABET, b"\r\n") for run in _BASE64.find(data)]
    return _readings(runs, _base64_group, 4)


def _base64_group(runs: list[bytes], offset: int) -> bytes:
    if len(runs) == 1:
        usable = len(runs[0]) - offset
        token = runs[0][offset : offset + usable - (usable % 4 == 1)]
        return binascii.a2b_base64(token + b"=" * (-len(token) % 4))
    # Filled up with the sign for zero bits, and a group of those in between: one call decodes them all.
    filled = [run[offset:] + b"A" * ((offset - len(run)) % 4) for run in runs]
    return binascii.a2b_base64(b"AAAA".join(filled))


def hexadecimal(data: bytes) -> list[bytes]:
    """Hex digits, also separated by colon, space, comma or dash.

    >>> hexadecimal(b"x=61:62:63:64:65:66:67:68;")[0]
    b'abcdefgh'
    """
    spaced = [run.translate(None, b": ,-") for run in _SPACED_HEX.find(data)]
    return _readings(spaced + _HEX.find(data), _hex_group, 2)


def _hex_group(runs: list[bytes], offset: int) -> bytes:
    even = [run[offset : len(run) - (len(run) - offset) % 2] for run in runs]
    return binascii.a2b_hex(b"0a".join(even))


def _readings(runs: list[bytes], decode: Callable[[list[bytes], int], bytes], offsets: int) -> list[bytes]:
    """Few long runs are read one by one, since each may begin a format of its own; the rest together."""
    if not runs:
        return []
    alone = [run for run in runs if len(run) >= LONG]
    alone = alone if len(alone) <= ALONE else []
    together = runs if not alone else [run for run in runs if len(run) < LONG]
    joined = [decode(runs, offset) for offset in range(1, offsets)]
    return [*(decode([run], 0) for run in alone), decode(together, 0), *joined]


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
