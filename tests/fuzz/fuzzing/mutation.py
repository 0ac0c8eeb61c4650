"""Bending real bytes: edits as data, so that a failing case can be shrunk and written down.

No knowledge of any format: that is in the seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from hypothesis import strategies as st

MAX_SIZE: Final = 1 << 16
"""Bytes of one input; what is bounded in the parsers is bounded well above."""
TELLING: Final = (
    b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0",
    b"\xff\xff", b"\r\n", b"\n", b"\r\n\r\n", b"--", b"%", b"%%", b"%u", b"\\u", b"\\ud800", b"&#", b"&#x110000;", b"=", b";",
    b'"', b"'", b"<", b"{", b"}", b"[", b"]", b"[[", b"]]", b"-1", b"99999999999999999999", b"1e999", b"\x1b[",
    b"\xc0\x0c", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "\u202e\u2066\ufeff".encode(), b"xn--", b".", b"..", b" ", b"\t",
)  # fmt: skip
"""Bytes at which parsers trip: extreme numbers, separators, beginnings of escapes."""
KINDS: Final = ("set", "flip", "insert", "delete", "repeat", "cut", "telling", "splice", "number")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change; `at` and `size` are taken modulo what there is."""

    kind: str
    at: int
    size: int
    value: int


def bend(seeds: Sequence[bytes], first: int, edits: Sequence[Edit]) -> bytes:
    """A seed with edits applied in order."""
    data = bytearray(seeds[first % len(seeds)])
    for edit in edits:
        _apply(data, edit, seeds)
        del data[MAX_SIZE:]
    return bytes(data)


def _apply(data: bytearray, edit: Edit, seeds: Sequence[bytes]) -> None:
    at = edit.at % (len(data) + 1)
    size = 1 + edit.size % 64
    if edit.kind == "insert":
        data[at:at] = bytes([edit.value & 0xFF]) * size
    elif edit.kind == "delete":
        del data[at : at + size]
    elif edit.kind == "repeat":
        data[at:at] = data[at : at + size] * (1 + edit.value % 32)
    elif edit.kind == "cut":
        del data[at:]
    elif edit.kind == "telling":
        piece = TELLING[edit.value % len(TELLING)]
        data[at : at + (len(piece) if edit.size & 1 else 0)] = piece
    elif edit.kind == "splice":
        other = seeds[edit.value % len(seeds)]
        start = edit.size % (len(other) + 1)
        data[at:] = other[start:]
    elif edit.kind == "number":
        width = (1, 2, 4, 8)[edit.size & 3]
        data[at : at + width] = (edit.value & (1 << 8 * width) - 1).to_bytes(
            width, "big" if edit.size & 4 else "little"
        )
    elif at < len(data):
        data[at] = edit.value & 0xFF if edit.kind == "set" else data[at] ^ 1 << edit.value % 8


def random_edits(random: Random) -> list[Edit]:
    """Mostly few edits: a parser that refuses at the first byte learns us nothing."""
    return [
        Edit(random.choice(KINDS), random.getrandbits(16), random.getrandbits(6), random.getrandbits(32))
        for _ in range(random.choice((1, 1, 2, 2, 3, 4, 6, 10)))
    ]


EDITS: Final = st.lists(
    st.builds(
        Edit,
        st.sampled_from(KINDS),
        st.integers(0, (1 << 16) - 1),
        st.integers(0, 63),
        st.integers(0, (1 << 32) - 1),
    ),
    max_size=6,
)
