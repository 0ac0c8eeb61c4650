"""Counters of use: a field that held the length of each prompt in turn, as meters and statistics do.

Not content: knowing how much was typed is less than knowing what. One prompt of 52 characters proves nothing,
so all prompts must agree, of at least `FEWEST` different lengths, in one field to one host, each after its
prompt was handed over and before the next one. A field that holds one random number below 1,000 for each does
so once in a million times for two prompts, and once in a thousand million for three.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from auditor.classify.search.pieces import Piece

FEWEST = 2
"""Prompts of different lengths that must agree."""
SMALLEST = 10
"""Lengths below this are found in too many fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """One prompt as it was handed to the app."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A field that told how much was typed."""

    unit: str
    """`characters`, `words` or `bytes`."""
    pieces: tuple[Piece, ...]
    """One for each prompt."""


_UNITS: tuple[tuple[str, Callable[[str], int]], ...] = (
    ("characters", len),
    ("words", lambda text: len(text.split())),
    ("bytes", lambda text: len(text.encode())),
)


def measured(values: Sequence[Piece], typed: Sequence[Typed]) -> Iterator[Measured]:
    """Every field that followed the lengths of the prompts."""
    fields: defaultdict[tuple[str, str], list[Piece]] = defaultdict(list)
    for piece in values:
        if piece.text.isascii() and piece.text.isdigit():
            fields[piece.site, piece.slot].append(piece)
    for members in fields.values():
        for unit, count in _UNITS:
            lengths = [count(one.text) for one in typed]
            if len(set(lengths)) < FEWEST or min(lengths) < SMALLEST:
                continue
            found = _in_turn(members, [(one.at, length) for one, length in zip(typed, lengths, strict=True)])
            if found:
                yield Measured(unit=unit, pieces=found)
                break


def _in_turn(members: Sequence[Piece], expected: Sequence[tuple[float, int]]) -> tuple[Piece, ...]:
    """For each prompt the value that equals its length, sent in its turn; empty when one is missing."""
    turns = [*(at for at, _ in expected[1:]), float("inf")]
    found = []
    for (begin, length), end in zip(expected, turns, strict=True):
        piece = next((one for one in members if begin <= one.at < end and int(one.text) == length), None)
        if piece is None:
            return ()
        found.append(piece)
    return tuple(found)
