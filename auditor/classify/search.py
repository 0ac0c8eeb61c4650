"""Finding many byte strings in one pass: a sieve first, Aho-Corasick where it lets something through.

Not decoding, and not what the strings stand for.

The automaton alone runs at some 14 MB/s in Python. But wherever a string of at least `step + 7` bytes lies,
it covers one whole eight-byte word at a multiple of `step`; so the set of the words that the strings can show
there rejects almost every block of the data, several times faster than the automaton would read it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ahocorasick

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from auditor.classify.forms import Form

BLOCK = 4096
"""Bytes that the sieve decides on at once."""

WORD = 8
"""Bytes in a word: with four, a base64 text would pass for suspicious in every other block."""

STEPS = (WORD, WORD // 2)
"""Distances between words that are looked at; the first for which few strings are too short is taken."""

FEW = 6
"""So many strings are looked for one by one in less time than a shorter step would cost."""

_COMMON = frozenset(b'etaoinshrdlu/:."\\0')
"""Signs that ordinary bodies are full of; words made of them would let too many blocks through."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One form found."""

    form: Form
    start: int
    end: int


class Searcher:
    """All forms of all canaries, ready to be searched for."""

    def __init__(self, forms: Iterable[Form]) -> None:
        """Build the sieve and the automaton; forms with equal patterns are all reported."""
        same: dict[bytes, list[Form]] = {}
        for form in forms:
            same.setdefault(form.pattern, []).append(form)
        self._step = _step(same)
        covered = self._step + WORD - 1
        self._short = {pattern: found for pattern, found in same.items() if len(pattern) < covered}
        self._long = {pattern: found for pattern, found in same.items() if pattern not in self._short}
        self._reach = max(map(len, self._long), default=0)
        self._words = {word for pattern in self._long for word in _anchors(pattern, self._step)}
        self._automaton = ahocorasick.Automaton()
        for pattern, found in self._long.items():
            self._automaton.add_word(pattern.decode("latin-1"), found)
        self._automaton.make_automaton()

    def find(self, data: bytes) -> Iterator[Hit]:
        """Every form in `data`, letter case of ASCII ignored, in no particular order."""
        low = data.lower()
        for hit in (*self._find_short(low), *self._find_long(low)):
            if not hit.form.whole_word or _stands_alone(low, hit):
                yield hit

    def _find_short(self, low: bytes) -> Iterator[Hit]:
        for pattern, forms in self._short.items():
            at = low.find(pattern)
            while at >= 0:
                yield from (Hit(form, at, at + len(pattern)) for form in forms)
                at = low.find(pattern, at + 1)

    def _find_long(self, low: bytes) -> Iterator[Hit]:
        if not self._long:
            return
        for start, end in self._suspicious(low):
            for last, forms in self._automaton.iter(low[start:end].decode("latin-1")):
                stop = start + last + 1
                yield from (Hit(form, stop - len(form.pattern), stop) for form in forms)

    def _suspicious(self, low: bytes) -> list[tuple[int, int]]:
        """Disjoint ranges that may hold a form, each reaching far enough for one at its edge."""
        views = [_words(low, offset) for offset in range(0, WORD, self._step)]
        size = BLOCK // WORD
        ranges: list[tuple[int, int]] = []
        for at in range(0, len(views[0]), size):
            if all(self._words.isdisjoint(view[at : at + size]) for view in views):
                continue
            start, end = max(WORD * at - self._reach, 0), WORD * (at + size + 1) + self._reach
            if ranges and start <= ranges[-1][1]:
                start = ranges.pop()[0]
            ranges.append((start, end))
        return ranges


def _step(patterns: Iterable[bytes]) -> int:
    lengths = [len(pattern) for pattern in patterns]
    fitting = (step for step in STEPS if sum(length < step + WORD - 1 for length in lengths) <= FEW)
    return next(fitting, STEPS[-1])


def _words(low: bytes, offset: int) -> memoryview[int]:
    end = max(offset + (len(low) - offset) // WORD * WORD, 0)
    return memoryview(low)[offset:end].cast("Q")


def _anchors(pattern: bytes, count: int) -> list[int]:
    """`count` words at successive offsets: the rarest such stretch of the pattern."""
    starts = range(len(pattern) - count - WORD + 2)
    best = min(starts, key=lambda at: sum(byte in _COMMON for byte in pattern[at : at + count + WORD - 1]))
    return [int.from_bytes(pattern[at : at + WORD], sys.byteorder) for at in range(best, best + count)]


def _stands_alone(low: bytes, hit: Hit) -> bool:
    before, after = low[hit.start - 1 : hit.start] if hit.start else b"", low[hit.end : hit.end + 1]
    return not before.isalnum() and not after.isalnum()
