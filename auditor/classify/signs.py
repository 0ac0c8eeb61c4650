"""What bytes show of the encodings in them, in one pass: most decoders need not even begin.

Not the decoding (`decoders`): a sign may mislead, but what has no sign has no reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import hyperscan

_SIDE = rb"[\x20-\x7e]{4}"
"""Text beside an escape: a canary is longer, so that one of its escapes has some on one side at least."""


def _escape(sign: bytes) -> bytes:
    return rb"%b(?:%b)|(?:%b)%b" % (_SIDE, sign, sign, _SIDE)


GATES: dict[str, bytes] = {
    "url": _escape(rb"%[0-9A-Fa-f]{2}"),
    "json": _escape(rb"\\[\"'/nrtbfux\\]"),
    "html": rb"&#[0-9xX][0-9a-fA-F]|&[a-zA-Z]{2}",
    "quoted-printable": _escape(rb"=(?:[0-9A-F]{2}|\r?\n)"),
    "utf-16": rb"\x00[\x20-\x7e](?:\x00\x00)?\x00[\x20-\x7e]\x00",
    "hex-spaced": rb"(?:[0-9A-Fa-f]{2}[: ,-]){5}",
    "chunked": rb"(?:^|[^0-9a-fA-F])[0-9a-fA-F]{1,8}\r\n",
    "multipart": rb"(?:^|\n)--",
    "sse": rb"(?:^|\n)data:",
}
"""Whether there is one at all, by the decoder that asks."""

STREAMS: dict[str, tuple[bytes, ...]] = {
    "gzip": (rb"\x1f\x8b\x08",),
    "deflate": (rb"\x78[\x01\x5e\x9c\xda]",),
    "zstd": (rb"\x28\xb5\x2f\xfd",),
    "zip": (rb"PK\x03\x04",),
    "bz2": (rb"BZh[1-9]1AY&SY",),
    "xz": (rb"\xfd7zXZ\x00",),
}
"""Where each is that announces itself."""

_LENGTHS = {"gzip": 3, "deflate": 2, "zstd": 4, "zip": 4, "bz2": 10, "xz": 6}


@dataclass(frozen=True, slots=True)
class Signs:
    """What was seen in some bytes."""

    gates: frozenset[str]
    streams: tuple[tuple[str, int], ...]
    """Coding and place, in order of the places."""


def signs(data: bytes) -> Signs:
    """Look for every sign at once."""
    gates: set[str] = set()
    streams: list[tuple[str, int]] = []

    def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
        name = _NAMES[number]
        if name in _LENGTHS:
            streams.append((name, end - _LENGTHS[name]))
        else:
            gates.add(name)

    if data:
        _database().scan(data, match_event_handler=note)
    return Signs(frozenset(gates), tuple(streams))


_PATTERNS = list(GATES.items())
_PATTERNS += [(name, pattern) for name, patterns in STREAMS.items() for pattern in patterns]
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
