"""What bytes show of the encodings in them, in one pass: most decoders need not even begin.

Not the decoding (`decoders`): a sign may mislead, but what has no sign has no reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import hyperscan

_TEXT = rb"[\x20-\x7e]"
"""On either side of an escape, so that escapes in random bytes mean nothing."""

_RARE = rb"[!#$()*;<>@^`{|}~]"
"""Signs of base 85 that neither paths nor addresses hold."""

_BETWEEN_NUMBERS = (b",", b", ", b" ")
_FEW = rb"[0-9A-Za-z%&+=?_./:-]{0,6}"


def _in_text(sign: bytes) -> tuple[bytes, ...]:
    inside = rb"%b{4}(?:%b)%b{3}" % (_TEXT, sign, _TEXT)
    return inside, rb"^%b{0,3}(?:%b)" % (_TEXT, sign), rb"(?:%b)%b{0,2}$" % (sign, _TEXT)


GATES: dict[str, tuple[bytes, ...]] = {
    "url": _in_text(rb"%[0-9A-Fa-f]{2}"),
    "json": _in_text(rb"\\[\"'/nrtbfux\\]"),
    "form": (rb"=[0-9A-Za-z%*_.-]{0,40}\+[0-9A-Za-z%*_.-]", rb"%[0-9A-F]{2}\+", rb"\+%[0-9A-F]{2}"),
    "html": (rb"&#[0-9xX][0-9a-fA-F]", rb"&[a-zA-Z]{2,9};"),
    "quoted-printable": (
        *_in_text(rb"=3D"),
        *_in_text(rb"=\r?\n"),
        *_in_text(rb"=[0-9A-F]{2}=[0-9A-F]{2}"),
        *_in_text(rb"=[0-9A-F]{2}[!-~]=[0-9A-F]{2}[!-~]=[0-9A-F]{2}"),
    ),
    "utf-16": (rb"\x00[\x20-\x7e]\x00[\x20-\x7e]\x00", rb"\x00{3}[\x20-\x7e]\x00{3}"),
    "hex-spaced": tuple(rb"%b(?:[0-9A-Fa-f]{2}%b){3}" % (sign, sign) for sign in (b":", b" ", b",", b"-")),
    "octal": _in_text(rb"\\[0-3][0-7]{2}[ -~]?\\[0-3][0-7]{2}"),
    "decimal": (
        *(rb"[0-9]{2}%b[0-9]{2,3}%b[0-9]{2,3}%b" % (sign, sign, sign) for sign in _BETWEEN_NUMBERS),
        *(rb"0%b[0-9]{1,3}%b0%b" % (sign, sign, sign) for sign in _BETWEEN_NUMBERS),
        rb"[0-9]{2},\n {1,16}[0-9]{2,3},\n",
    ),
    "base64-reversed": (rb"[\" \n]={1,2}[0-9A-Za-z+/_-]{8}", rb"^={1,2}[0-9A-Za-z+/_-]{8}", rb"AIs4H"),
    "hex-c": (rb"0[xX][0-9a-fA-F]{1,2},[ \n]{0,2}0[xX]", rb"0[xX][0-9a-fA-F]{1,2} 0[xX]"),
    "binary": (rb"[01]{24}", rb"[01]{8}[ ,][01]{8}[ ,][01]{8}"),
    "base85": (rb"<~", _RARE + _FEW + _RARE + _FEW + _RARE),
    "multipart": (rb"\n--", rb"^--"),
    "sse": (rb"\ndata:", rb"^data:"),
}
"""Whether there is one, by the decoder that asks; many plain patterns cost less than one that branches."""

STREAMS: dict[str, tuple[tuple[bytes, ...], int]] = {
    "gzip": ((rb"\x1f\x8b\x08",), 3),
    "deflate": ((rb"\x78[\x01\x5e\x9c\xda]",), 2),
    "zstd": ((rb"\x28\xb5\x2f\xfd",), 4),
    "zip": ((rb"PK\x03\x04",), 4),
    "bz2": ((rb"BZh[1-9]1AY&SY",), 10),
    "xz": ((rb"\xfd7zXZ\x00",), 6),
    "cbor": ((rb"\x7f[\x63-\x77][\x20-\x7e]{3}",), 5),
    "chunked": ((rb"[\n\"=][0-9a-fA-F]{1,8}\r\n", rb"^[0-9a-fA-F]{1,8}\r\n", rb"\n[0-9a-fA-F]{1,8};"), 2),
}
"""Where each is that announces itself: its signatures, and how far before a signature's end its place is."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What was seen in some bytes."""

    gates: frozenset[str]
    streams: tuple[tuple[str, int], ...]
    """Coding and place, in order of the places; of a chunked body where its first size ends."""


def signs(data: bytes) -> Signs:
    """Look for every sign at once."""
    gates: set[str] = set()
    streams: list[tuple[str, int]] = []

    def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
        name = _NAMES[number]
        if name in STREAMS:
            streams.append((name, end - STREAMS[name][1]))
        else:
            gates.add(name)

    if data:
        _database().scan(data, match_event_handler=note)
    return Signs(frozenset(gates), tuple(streams))


_PATTERNS = [(name, pattern) for name, patterns in GATES.items() for pattern in patterns]
_PATTERNS += [(name, pattern) for name, (patterns, _) in STREAMS.items() for pattern in patterns]
_NAMES = [name for name, _ in _PATTERNS]


@cache
def _database() -> hyperscan.Database:
    once = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH
    database = hyperscan.Database()
    database.compile(
        expressions=[pattern for _, pattern in _PATTERNS],
        ids=list(range(len(_PATTERNS))),
        flags=[once if name in GATES else hyperscan.HS_FLAG_DOTALL for name in _NAMES],
    )
    return database
