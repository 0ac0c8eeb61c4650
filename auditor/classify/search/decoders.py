"""The table of decoders: each row finds every reading of some bytes through one encoding.

Not the tree that joins rows to chains: that is `unfold`. A row that has seen no sign of its encoding costs
nothing; none raises.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from auditor.classify.search.signs import STREAMS
from auditor.classify.search.signs import signs
from auditor.classify.search.windows import WINDOW
from auditor.parse import bases
from auditor.parse import cbor
from auditor.parse import encodings
from auditor.parse import http_body
from auditor.parse import numerals
from auditor.parse import text
from auditor.parse.bases import Reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

    from auditor.classify.search.budget import Budget
    from auditor.classify.search.signs import Signs

TRY_COST = 512
"""Bytes of plain search that one look at a suspected stream costs about as much as."""

ESCAPE_COST = 16
"""The same for one escape."""

NUMBERS_COST = 2
"""The same for one byte of text in which rows of numbers are looked for."""

REACH = 512
"""Bytes around an escape that are read again without it; a run in base64 is escaped every 64 signs or so."""

MOST_PIECES = 256
"""Pieces of one node that are tried for streams without a signature, the longest first."""

SMALL = 64 * 1024
"""Larger nodes are not read in base 85, which no library reads quickly."""

TINY = 4096
"""Nodes up to this size are read in base 85 without a sign of it."""

_PIXELS = b"IDAT"
"""The chunk of a PNG file that holds the picture: no screenshot shows a canary in the colours of its dots."""

_ICON = 2048
"""Bytes of a picture that is read all the same: what is no screenshot may be text that was made one."""

_EVENT_DATA = re.compile(rb"(?m)^data: ?(.*?)\r?$")


_SIZE = 16
"""Bytes in which the size of a chunk stands; eight digits at most."""

_FLUSHED = ("deflate-raw",)
"""Often sent without an end."""

_FRAMED = ("chunked", "cbor")
"""Not compressed."""


class View:
    """One node as the decoders see it; what several of them need is found once."""

    def __init__(
        self, data: bytes, pieces: tuple[tuple[int, int], ...] | None, budget: Budget, seen: set[bytes]
    ) -> None:
        """Look at `data`.

        Args:
            data: The bytes.
            pieces: Stretches that may be streams of their own; None when all of it is the only one.
            budget: Spent by decoders whose work does not show in what they give.
            seen: Long runs that were read in other nodes.
        """
        self.data = data
        self.budget = budget
        self._pieces = ((0, len(data)),) if pieces is None else pieces
        self._seen = seen

    @cached_property
    def signs(self) -> frozenset[str]:
        """Encodings that show themselves."""
        return self._signs.gates

    @cached_property
    def streams(self) -> tuple[tuple[str, int], ...]:
        """Coding and place of streams that announce themselves."""
        return self._signs.streams

    @cached_property
    def _signs(self) -> Signs:
        return signs(self.data)

    @cached_property
    def text(self) -> bytes:
        """All, or what is text in it."""
        return text.strings(self.data)

    @cached_property
    def tokens(self) -> bases.Tokens:
        """Long runs that were not read in another node."""
        return bases.tokens(self.data, self._seen)

    @cached_property
    def pieces(self) -> list[tuple[int, int]]:
        """Stretches that may be streams without a signature: those are never ASCII alone."""
        found = list(self._pieces)
        if "multipart" in self.signs:
            found += http_body.part_spans(self.data)
        found = [(start, end) for start, end in found if not self.data[start:end].isascii()]
        return sorted(found, key=lambda piece: piece[0] - piece[1])[:MOST_PIECES]


@dataclass(frozen=True, slots=True)
class Escapes:
    """Signs that stand for others inside text."""

    sign: bytes
    """Every escape begins with it."""
    undo: Callable[[bytes], list[bytes]]
    """Reads any stretch of text; nothing when there is no escape in it."""
    around: Callable[[bytes, bytes], Iterator[tuple[int, int]]]
    """The stretches around the signs in some text."""

    def locate(self, data: bytes, place: int) -> int:
        """Where in `data` that stands which was read as `place` of its reading."""
        at = 0
        for start, end in self.around(data, self.sign):
            size = self._size(data[start:end])
            if place <= at + size:
                stretch = data[start:end]
                lengths = range(len(stretch))
                return start + bisect_left(lengths, place - at, key=partial(self._size, stretch))
            at += size + 1
        return 0

    def _size(self, stretch: bytes, length: int | None = None) -> int:
        stretch = stretch[:length]
        return len((self.undo(stretch) or [stretch])[0])


@dataclass(frozen=True, slots=True)
class Decoder:
    """One row of the table: how to get from bytes to other readings of them."""

    name: str
    read: Callable[[View], Iterable[Reading]]
    escapes: Escapes | None = None
    """Of escapes: how, so that places in the reading can be found again in what was read."""


def _announced(coding: str) -> Decoder:
    """A compressed stream that announces itself, anywhere in the bytes."""

    def read(view: View) -> Iterator[Reading]:
        for name, place in view.streams:
            if name != coding or _large_picture(view.data, place) or not view.budget.take(TRY_COST):
                continue
            start, packed = (place, coding) if coding != "zip" else encodings.zip_entry(view.data, place)
            if packed and encodings.begins(packed, view.data, start):
                out = _inflated(packed, view.data, start, len(view.data), view.budget)
                if out is not None:
                    yield Reading(out[0], ((0, place),))

    return Decoder(coding, read)


def _large_picture(data: bytes, place: int) -> bool:
    """Whether a chunk of pixels begins here; four bytes before its name say how long it is."""
    large = int.from_bytes(data[place - 8 : place - 4]) > _ICON
    return large and data[place - 4 : place] == _PIXELS


def _headless(coding: str) -> Decoder:
    """A compressed stream without a signature: all of a piece, and it must end properly or not at all.

    Messages that are flushed, not finished (RFC 7692), end anywhere; few pieces that are no stream inflate
    to their last byte.
    """

    def read(view: View) -> Iterator[Reading]:
        for start, end in view.pieces:
            if not encodings.begins(coding, view.data, start, end):
                continue
            limit = view.budget.left // 2
            out = _inflated(coding, view.data, start, end, view.budget)
            flushed = coding in _FLUSHED and end - start <= SMALL
            if out is not None and (out[1] or len(out[0]) >= limit or (flushed and out[2])):
                yield Reading(out[0], ((0, start),))

    return Decoder(coding, read)


def _inflated(
    coding: str, data: bytes, start: int, end: int, budget: Budget
) -> tuple[bytes, bool, bool] | None:
    """What it says, whether it ended properly, and whether the bytes ended, unbroken, before it did."""
    limit = budget.left // 2
    try:
        out, finished, open_end = encodings.inflate_until(coding, memoryview(data)[start:end], limit)
    except ValueError:
        return None
    budget.cut |= len(out) >= limit
    budget.broken_off |= open_end and len(data) >= WINDOW
    return out, finished, open_end


def _escapes(name: str, escapes: Escapes) -> Decoder:
    """Escapes read in what is text, with what is around them."""
    sign = escapes.sign

    def read(view: View) -> Iterator[Reading]:
        if name not in view.signs or not view.budget.take(view.text.count(sign) * ESCAPE_COST):
            return
        stretches = [view.text[start:end] for start, end in escapes.around(view.text, sign)]
        yield from (Reading(found, ((0, 0),)) for found in escapes.undo(b"\n".join(stretches)))

    return Decoder(name, read, escapes)


def _regions(data: bytes, sign: bytes) -> Iterator[tuple[int, int]]:
    """Stretches around the signs, joined where they meet."""
    at = data.find(sign)
    while at >= 0:
        start, last = max(at - REACH, 0), at
        while (more := data.rfind(sign, last + 1, last + 2 * REACH)) >= 0:
            last = more
        yield start, min(last + REACH, len(data))
        at = data.find(sign, last + 1)


def _words(data: bytes, sign: bytes) -> Iterator[tuple[int, int]]:
    """Words with the sign in them: where it is an escape, space and quotes are escaped too."""
    lines = data.translate(_ONE_WORD_A_LINE)
    at, done = lines.find(sign), 0
    while at >= 0:
        start, end = lines.rfind(b"\n", done, at) + 1, lines.find(b"\n", at)
        done = end if end >= 0 else len(data)
        yield max(start, 0), done
        at = lines.find(sign, done)


_ONE_WORD_A_LINE = bytes(10 if byte <= 32 or byte in b'"<>`' else byte for byte in range(256))


def _chunked(view: View) -> Iterator[Reading]:
    """Chunk framing left in a raw stream, behind a message head or on its own."""
    done = 0
    for name, place in view.streams:
        near = max(place - _SIZE, 0)
        start = max(view.data.rfind(sign, near, place) for sign in (b"\n", b'"', b"=")) + 1
        if name == "chunked" and start >= done and view.budget.take(TRY_COST):
            joined, done = encodings.dechunk_at(view.data, start)
            if joined:
                yield Reading(joined, ((0, start),))


def _cbor(view: View) -> Iterator[Reading]:
    """Strings that are sent in pieces, which stand apart."""
    for name, place in view.streams:
        if name == "cbor" and view.budget.take(TRY_COST) and (found := cbor.joined_chunks(view.data, place)):
            yield Reading(found, ((0, place),))


def _numbers(name: str) -> Decoder:
    """Bytes as numbers, which the text around them is no part of."""

    def read(view: View) -> Iterator[Reading]:
        if name in view.signs and view.budget.take(NUMBERS_COST * len(view.data)):
            yield from numerals.numerals(name, view.data)

    return Decoder(name, read)


def _form(view: View) -> Iterator[Reading]:
    """Escaped values one by one, since each may be a stream, and all words that write space as `+`."""
    yield from bases.joined(http_body.form_values(view.data))
    if "form" in view.signs and view.budget.take(view.text.count(b"+") * ESCAPE_COST):
        words = (view.text[start:end] for start, end in _words(view.text, b"+"))
        spaced = b"\n".join(word.replace(b"+", b" ") for word in words if b"=" in word)
        yield Reading(unquote_to_bytes(spaced), ((0, 0),))


def _events(view: View) -> Iterator[Reading]:
    """What server-sent events say, without what stands between them."""
    if "sse" in view.signs:
        yield Reading(b"".join(_EVENT_DATA.findall(view.data)), ((0, 0),))


def _base85(view: View) -> Iterator[Reading]:
    if len(view.data) <= (SMALL if "base85" in view.signs else TINY):
        yield from bases.base85(view.data)


def _backwards(view: View) -> Iterator[Reading]:
    """Base64 with its padding in front, or with the signature of gzip at its end."""
    if "base64-reversed" in view.signs:
        yield from bases.base64_reversed(view.data)


def _wide(view: View) -> Iterator[Reading]:
    if "utf-16" in view.signs:
        yield from (Reading(found, ((0, 0),)) for found in text.utf16(view.data))


def _spaced(view: View) -> Iterable[Reading]:
    return bases.spaced_hexadecimal(view.data) if "hex-spaced" in view.signs else ()


DECODERS: tuple[Decoder, ...] = (
    *(_announced(name) for name in STREAMS if name not in _FRAMED),
    _headless("br"),
    _headless("deflate-raw"),
    Decoder("chunked", _chunked),
    Decoder("cbor", _cbor),
    Decoder("form", _form),
    Decoder("sse", _events),
    _escapes("url", Escapes(b"%", text.percent, _words)),
    _escapes("json", Escapes(b"\\", text.backslash, _regions)),
    _escapes("octal", Escapes(b"\\", text.octal, _regions)),
    _escapes("html", Escapes(b"&", text.entities, _regions)),
    _escapes("quoted-printable", Escapes(b"=", text.quoted_printable, _regions)),
    Decoder("base64", lambda view: bases.base64(view.tokens)),
    Decoder("base64-reversed", _backwards),
    Decoder("hex", lambda view: bases.hexadecimal_in(view.tokens)),
    Decoder("hex-spaced", _spaced),
    *(_numbers(name) for name in numerals.NUMERALS),
    Decoder("base32", lambda view: bases.base32(view.tokens)),
    Decoder("base58", lambda view: bases.base58(view.tokens)),
    Decoder("base85", _base85),
    Decoder("utf-16", _wide),
)
"""Everything that is tried on every node; a new encoding is one more row."""
