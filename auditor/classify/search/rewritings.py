"""Ways to write a value sign by sign that nothing shows: other letters, other code pages, signs in between.

Like disguises they are not undone: what they make of a value is searched for. Not what a stretch of a longer
text does not tell, such as one large number of all of it: that is `wholes`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

SHORTEST = 14
"""Bytes from which some hundred rewritings of every value stay below all chance, in base64 too."""

LONGEST = 20
"""Bytes of a longer value that are looked for."""

_UPPER = bytes(range(65, 91))
_LOWER = bytes(range(97, 123))
_EVERY = bytes(range(256))
_SOLVED = 13
"""ROT13 is a disguise, looked for in other writings too."""

BETWEEN = tuple(
    sign.encode()
    for sign in (*" \n\t\0!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", *"\u00ad\u200b\u200c\u200d\u2060\ufeff")
)
"""What is put between any two letters: space, punctuation, and signs that nobody sees."""


def _letters(upper: bytes, lower: bytes) -> Callable[[bytes], bytes]:
    table = bytes.maketrans(_UPPER + _LOWER, upper + lower)
    return lambda value: value.translate(table)


def _each_byte(change: Callable[[int], int]) -> Callable[[bytes], bytes]:
    table = bytes(change(byte) & 255 for byte in _EVERY)
    return lambda value: value.translate(table)


def _in_code_page(name: str) -> Callable[[bytes], bytes]:
    return lambda value: value.decode(errors="replace").encode(name, "replace")


def _full_width(value: bytes) -> bytes:
    """Signs from U+FF01 on (Unicode, Halfwidth and Fullwidth Forms)."""
    return "".join(chr(0xFEE0 + byte) if 33 <= byte <= 126 else chr(byte) for byte in value).encode()


def _utf_7(value: bytes) -> bytes:
    """Each sign in a run of its own (RFC 2152); longer runs are base64 of UTF-16, and read as that."""
    return b"".join(b"+%b-" % base64.b64encode(bytes((0, byte))).rstrip(b"=") for byte in value)


REWRITINGS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    *(
        (f"rot{by}", _letters(_UPPER[by:] + _UPPER[:by], _LOWER[by:] + _LOWER[:by]))
        for by in range(1, 26)
        if by != _SOLVED
    ),
    ("atbash", _letters(_UPPER[::-1], _LOWER[::-1])),
    ("plus one", _each_byte(lambda byte: byte + 1)),
    ("minus one", _each_byte(lambda byte: byte - 1)),
    ("nibbles swapped", _each_byte(lambda byte: byte << 4 | byte >> 4)),
    ("bits reversed", _each_byte(lambda byte: int(f"{byte:08b}"[::-1], 2))),
    ("cp500", _in_code_page("cp500")),
    ("cp037", _in_code_page("cp037")),
    ("full-width", _full_width),
    ("utf-7", _utf_7),
)
"""By the name that a report gives them."""


def rewritten(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Every rewriting of the beginning of an ASCII value; nothing of a short one."""
    if len(value) < SHORTEST or not value.isascii():
        return
    head = value[:LONGEST]
    for name, change in REWRITINGS:
        if (changed := change(head)) != head:
            yield name, changed
    signs = [head[at : at + 1] for at in range(len(head))]
    yield from (("signs between", between.join(signs)) for between in BETWEEN)
