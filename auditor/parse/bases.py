"""Bytes written as text in a base: 16, 32, 58, 64 and 85, each in its customary alphabets.

None of these raises: signs that are no encoding have no reading in it. Not the direct search for a value
written in a base: that is `auditor.classify.search.forms`.
"""

from __future__ import annotations

import base64 as stdlib
import binascii
import re
from bisect import bisect_right
from dataclasses import dataclass
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from auditor.parse.encodings import begins
from auditor.parse.runs import HEX_DIGITS
from auditor.parse.runs import STRINGS
from auditor.parse.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

SHORTEST_RUN = 20
"""Signs of base64 that are worth a reading: 15 bytes, since what lies in it is encoded once more at least."""

SHORTEST_HEX = 20
LONG = 4096
"""A run of base64 from which only a probe is read at the alignments that its beginning does not suggest."""

LITTLE = 2048
"""Bytes of so few runs that they are read further at every alignment."""

LONGEST_58 = 256
"""Base 58 is one large number: longer ones are not written, since that takes time with the square."""

MOST_TOKENS = 512
"""Tokens of one text that are read in base 58 and 85, which no library reads quickly."""

_UPPER, _LOWER, _DIGITS = (bytes(range(*ends)) for ends in ((65, 91), (97, 123), (48, 58)))
_ALNUM = _UPPER + _LOWER + _DIGITS
_HEX_DASH = HEX_DIGITS + b"-"
_TOKEN = b"b" * SHORTEST_RUN
_CLASSES = bytes(ord("b") if byte in _ALNUM + b"+/-_" else ord(".") for byte in range(256))
_LINE_END = (b"\r", b"\n")
_LINES = re.compile(rb"[0-9A-Za-z+/_-]+(?:\r?\n[0-9A-Za-z+/_-]+)*")
_HEX = Runs(b"h" * SHORTEST_HEX, rb"h*", h=HEX_DIGITS)
_SPACED_HEX = Runs(b"hhshhshhshhshhshhshhshh", rb"(?:shh)*", h=HEX_DIGITS, s=b": ,-")
_BASE32 = _UPPER + b"234567"
_BASE32_HEX = _DIGITS + _UPPER[:22]
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_32 = bytes.maketrans(_DIGITS + _UPPER[:22], _UPPER + b"234567")
_CROCKFORD = _DIGITS + b"ABCDEFGHJKMNPQRSTVWXYZ"
_FROM_CROCKFORD = bytes.maketrans(_CROCKFORD, _UPPER + b"234567")
_BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE_58 = bytes.maketrans(_BASE58, bytes(range(58)))
_RFC_1924 = _DIGITS + _UPPER + _LOWER + b"!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = _DIGITS + _LOWER + _UPPER + b".-:+=^!/*?&<>()[]{}@%$#"
_FROM_Z85 = bytes.maketrans(_Z85, _RFC_1924)
_TOKEN_85 = Runs(b"b" * 20, rb"b*", b=bytes(set(_RFC_1924) | set(_Z85)))
_COMMON_85 = _ALNUM + b"/-_.:=&%?+"
"""Signs of paths and addresses; a token of nothing else is none of base85."""
_ASCII85 = re.compile(rb"<~([!-uz\s]{10,}?)~>")
_WHOLE_ASCII85 = re.compile(rb"\s*[!-uz]{20}[!-uz\s]*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What some runs say, joined, each with its place."""

    data: bytes
    marks: tuple[tuple[int, int], ...]
    """Where each run's bytes begin in `data`, and where the run begins in what was read."""
    pieces: tuple[tuple[int, int], ...] | None = None
    """Stretches of `data` that may each be a stream of its own; None where all of it is the only one."""
    last: bool = False
    """Nothing more is undone in it: it is most likely chance."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Long runs of the signs that bases 16, 32, 58 and 64 share, each once, without the line ends in them."""

    places: dict[bytes, int]
    """By token, where it was first."""
    words: dict[bytes, int]
    """Those that are more than hex digits and dashes."""

    def text(self) -> tuple[bytes, tuple[tuple[int, int], ...]]:
        """One token a line, and where each line begins here and in what was read."""
        marks, at = [], 0
        for token, start in self.places.items():
            marks.append((at, start))
            at += len(token) + 1
        return b"\n".join(self.places), tuple(marks)


def tokens(data: bytes, seen: set[bytes]) -> Tokens:
    """All tokens in some bytes but those in `seen`, which they are added to."""
    classes = data.translate(_CLASSES)
    starts: list[int] = []
    runs: list[bytes] = []
    at = classes.find(_TOKEN)
    while at >= 0:
        end = classes.find(b".", at)
        if data[end : end + 1] in _LINE_END:
            end = _LINES.match(data, at).end()  # type: ignore[union-attr]  # the token is there
        starts.append(at)
        runs.append(data[at:end] if end >= 0 else data[at:])
        at = classes.find(_TOKEN, end) if end >= 0 else -1
    places = dict(zip(reversed(runs), reversed(starts), strict=True))
    fresh = {run: places[run] for run in dict.fromkeys(runs) if run not in seen}
    seen.update(fresh)
    if b"\n" in data:
        fresh = {run.translate(None, b"\r\n"): at for run, at in fresh.items()}
    return Tokens(fresh, {run: at for run, at in fresh.items() if run.strip(_HEX_DASH)})


def base64(found: Tokens) -> Iterator[Reading]:
    """Base64 in both alphabets (RFC 4648 sections 4 and 5), padded or not, in lines or not.

    A run inside longer text may begin at any of its first four signs. At the first it is read further; at
    the others, which are nearly always chance, only the text that they show, and from where a compressed
    stream announces itself.
    """
    # Base64 of fifteen bytes or more without any capital is next to impossible; words without one are not.
    places = {token: start for token, start in found.words.items() if not token.islower()}
    for token, start in places.items():
        if len(token) > LONG:
            yield from _alignments({token: start}, 4 if _speaks(token[:LONG]) else 1)
    short = {token: start for token, start in places.items() if len(token) <= LONG}
    if short:
        yield from _alignments(short, 4)


_REVERSED = re.compile(rb"(?<![0-9A-Za-z+/=_-])={0,2}(?P<run>[0-9A-Za-z+/_-]{20,}+)(?![=])")


def base64_reversed(data: bytes) -> Iterator[Reading]:
    """Runs of base64 written backwards, read from their ends."""
    for match in _REVERSED.finditer(data):
        text, _ = _joined_64({match["run"][::-1]: 0})
        yield Reading(binascii.a2b_base64(text), ((0, match.start("run")),))


def _alignments(places: dict[bytes, int], number: int) -> Iterator[Reading]:
    text, marks = _joined_64(places)
    sizes = (len(token) * 3 // 4 for token in places)
    pieces = tuple((at, at + size) for (at, _), size in zip(marks, sizes, strict=True))
    yield Reading(binascii.a2b_base64(text), marks, pieces)
    for out in _shifted(text) if number > 1 else ():
        little = len(out) <= LITTLE
        yield Reading(out, marks, (), last=not little)
        if little:
            continue
        if (at := _stream(out)) >= 0:
            yield Reading(out[at:], ((0, max(mark for mark in marks if mark[0] <= at)[1]),), ())
        elif found := STRINGS.spans(out):
            yield _picked(out, found, marks)


def _shifted(joined: bytes) -> list[bytes]:
    return [binascii.a2b_base64(joined[shift:] + b"A" * shift) for shift in (1, 2, 3)]


_STREAM = re.compile(
    rb"\x1f\x8b\x08[\x00-\x1f]|\x28\xb5\x2f\xfd|PK\x03\x04|BZh[1-9]1AY&SY|\xfd7zXZ\x00|(\x78[\x01\x5e\x9c\xda])"
)


def _stream(data: bytes) -> int:
    """Where a compressed stream announces itself, -1 when none does."""
    for match in _STREAM.finditer(data):
        if match[1] is None or begins("deflate", data, match.start()):
            return match.start()
    return -1


def _speaks(head: bytes) -> bool:
    """Whether a later alignment of the beginning of a long run shows text or a stream."""
    joined, _ = _joined_64({head: 0})
    outs = _shifted(joined)
    return any(_stream(out) >= 0 or len(b"".join(STRINGS.find(out))) > len(out) // 16 for out in outs)


def _joined_64(places: dict[bytes, int]) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """All runs, each at the beginning of a group and followed by signs for zero bits: one call reads them."""
    parts, marks, at = [], [], 0
    for token, start in places.items():
        part = token.ljust(len(token) // 4 * 4 + 8, b"A")
        parts.append(part)
        marks.append((at // 4 * 3, start))
        at += len(part)
    return b"".join(parts).translate(_TO_STANDARD), tuple(marks)


def _picked(out: bytes, spans: Iterable[tuple[int, int]], marks: tuple[tuple[int, int], ...]) -> Reading:
    """The given stretches of a reading, one a line."""
    places, at, mark = [], 0, 0
    lines = []
    for start, end in spans:
        while mark + 1 < len(marks) and marks[mark + 1][0] <= start:
            mark += 1
        places.append((at, marks[mark][1]))
        lines.append(out[start:end])
        at += end - start + 1
    return Reading(b"\n".join(lines), tuple(places), ())


def joined(pieces: Iterable[tuple[bytes, int]]) -> Iterator[Reading]:
    """What several runs say, as one reading, one a line."""
    parts, marks, at = [], [], 0
    for part, start in pieces:
        parts.append(part)
        marks.append((at, start))
        at += len(part) + 1
    if parts:
        alone = tuple((at, at + len(part)) for (at, _), part in zip(marks, parts, strict=True))
        yield Reading(b"\n".join(parts), tuple(marks), alone)


def hexadecimal(data: bytes) -> Iterator[Reading]:
    """Hex digits; a run may begin at its second.

    >>> next(hexadecimal(b"x=6162636465666768696a")).data
    b'abcdefghij'
    """
    spans = _HEX.spans(data)
    for shift in (0, 1):
        yield from joined((_from_hex(data[start + shift : end]), start) for start, end in spans)


def hexadecimal_in(found: Tokens) -> Iterator[Reading]:
    """The same in tokens, with places in what the tokens were found in."""
    if _HEX.spans(b"\n".join(found.places)):
        lines, marks = found.text()
        yield from (composed(reading, marks) for reading in hexadecimal(lines))


def spaced_hexadecimal(data: bytes) -> Iterator[Reading]:
    """Pairs of hex digits separated by colon, space, comma or dash.

    >>> next(spaced_hexadecimal(b"x=61:62:63:64:65:66:67:68;")).data
    b'abcdefgh'
    """
    spans = _SPACED_HEX.spans(data)
    yield from joined((_from_hex(data[start:end].translate(None, b": ,-")), start) for start, end in spans)


def _from_hex(digits: bytes) -> bytes:
    return binascii.a2b_hex(digits[: len(digits) & ~1])


def base32(found: Tokens) -> Iterator[Reading]:
    """Base32 by RFC 4648 (sections 6 and 7) and by Crockford, in capitals or small; whole tokens alone."""
    words = [
        (token.upper(), start)
        for token, start in found.words.items()
        if token.isalnum() and (token.isupper() or token.islower())
    ]
    yield from joined((_from_32(word), start) for word, start in words if not word.strip(_BASE32))
    other = [(word, start) for word, start in words if not word.strip(_BASE32_HEX)]
    yield from joined((_from_32(word.translate(_TO_32)), start) for word, start in other)
    other = [(word, start) for word, start in words if not word.strip(_CROCKFORD)]
    yield from joined((_from_32(word.translate(_FROM_CROCKFORD)), start) for word, start in other)


def _from_32(token: bytes) -> bytes:
    spare = len(token) % 8
    token = token[: len(token) - (spare in (1, 3, 6))]
    return stdlib.b32decode(token + b"=" * (-len(token) % 8))


def base58(found: Tokens) -> Iterator[Reading]:
    """Base58 as Bitcoin writes it: whole tokens only, since every sign depends on all others."""
    fitting = (
        (token, start)
        for token, start in found.words.items()
        if len(token) <= LONGEST_58 and not token.translate(None, _BASE58)
    )
    yield from joined((_from_58(token), start) for token, start in islice(fitting, MOST_TOKENS))


def _from_58(token: bytes) -> bytes:
    number = 0
    for value in token.translate(_VALUE_58):
        number = number * 58 + value
    zeros = len(token) - len(token.lstrip(b"1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base85(data: bytes) -> Iterator[Reading]:
    """Base85 by RFC 1924 and ZeroMQ's RFC 32 as whole tokens; Adobe's between its marks, or all there is."""
    found = ((data[start:end], start) for start, end in _TOKEN_85.spans(data))
    tokens = [(token, start) for token, start in found if token.translate(None, _COMMON_85)][:MOST_TOKENS]
    for alphabet, decode in _ALPHABETS_85:
        fitting = [(token, start) for token, start in tokens if not token.translate(None, alphabet)]
        yield from joined(_decoded(fitting, decode))
    marked = [(match[1], match.start(1)) for match in _ASCII85.finditer(data)] if b"<~" in data else []
    if not marked and (whole := _WHOLE_ASCII85.match(data)) and whole.end() == len(data):
        marked = [(data, 0)]
    yield from joined(_decoded(marked, stdlib.a85decode))


_ALPHABETS_85: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (_RFC_1924, stdlib.b85decode),
    (_Z85, lambda token: stdlib.b85decode(token.translate(_FROM_Z85))),
)


def _decoded(
    tokens: Iterable[tuple[bytes, int]], decode: Callable[[bytes], bytes]
) -> Iterator[tuple[bytes, int]]:
    for token, start in tokens:
        try:
            yield decode(token), start
        except ValueError:
            continue


def composed(reading: Reading, marks: tuple[tuple[int, int], ...]) -> Reading:
    """A reading of a text whose lines have places of their own, with its marks moved to those."""
    begins = [begin for begin, _ in marks]
    moved = tuple((at, marks[max(bisect_right(begins, place) - 1, 0)][1]) for at, place in reading.marks)
    return replace(reading, marks=moved)
