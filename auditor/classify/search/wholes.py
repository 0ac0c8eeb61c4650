"""Writings of a whole text in which no stretch of it can be known: one large number, a fence of two rails.

Not digests, which cannot be undone by anybody: `digests` has them, and the texts that are taken as wholes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.classify.search.digests import texts
from auditor.classify.search.forms import Form
from auditor.model.canary import CanaryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.canary import Canary

SHORTEST = 14
"""Bytes of a text, and of a rail; 14 signs of random base64 or base36 are no given ones."""

SIGNS = 40
"""Last signs of a number that are looked for: all that stands before them has its part in them."""

_DIGITS = b"0123456789"
_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
ALPHABETS = (
    ("base10", _DIGITS),
    ("base36", _DIGITS + _LOWER),
    ("base62", _DIGITS + _UPPER + _LOWER),
    ("base62", _DIGITS + _LOWER + _UPPER),
    ("base62", _UPPER + _LOWER + _DIGITS),
)
"""Base 58 is decoded; letter case is ignored in what is found."""

_NEVER = frozenset({CanaryKind.IDENTITY, CanaryKind.CONTROL})


def wholes(canary: Canary) -> Iterator[Form]:
    """Forms of every text that a program may have taken whole; none of identity, whose values are short."""
    if canary.kind in _NEVER:
        return
    for text in texts(canary):
        if len(text) < SHORTEST:
            continue
        for name, alphabet in ALPHABETS:
            yield Form(canary=canary.id, encoding=(name,), pattern=_number(text, alphabet).lower())
        rails = text[::2], text[1::2]
        for pattern in rails if len(rails[1]) >= SHORTEST else (b"".join(rails),):
            yield Form(canary=canary.id, encoding=("two rails",), pattern=pattern[:SIGNS].lower())


def _number(text: bytes, alphabet: bytes) -> bytes:
    """The last signs of the text as one number, the first byte being worth most."""
    number, signs = int.from_bytes(text), bytearray()
    while number and len(signs) < SIGNS:
        number, rest = divmod(number, len(alphabet))
        signs.append(alphabet[rest])
    return bytes(reversed(signs))
