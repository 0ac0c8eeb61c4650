"""A planted value that left in pieces: over requests, hosts, labels or fields, in order, numbered, shuffled.

Not the values themselves (`pieces`), and not their joining in an order that they tell (`lines`), which needs
no puzzle: here some values of a group make up the whole, in any order and with others between them. Pieces
have at least three signs, the last may be shorter.

How often a puzzle is solved by chance: a secret is drawn evenly from `Secret.space` possible ones, and the
traffic of an app that does not leak it does not depend on which it is. So the chance that a group of values
makes up the secret is at most the number of different texts of its shape that those values can make up,
divided by `space`. That number is counted, never too low, by dynamic programming before anything is compared.
Puzzles are tried from the least ambiguous on, until all that were tried add up to `BOUND`; the rest is left
untried. Hence at most `BOUND` per run, whatever the traffic. With `space` 5.5e12 these are 2,700 texts for
all secrets together; six pieces in any order make up 720, most of them not of the shape.
"""

from __future__ import annotations

import base64
import re
import string
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from auditor.classify.search.lines import readings
from auditor.model import markers

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from auditor.classify.search.lines import Group
    from auditor.classify.search.pieces import Piece

BOUND = 5e-10
"""Chance of one false match in a run."""
SHORTEST = 3
"""Signs of a piece, the last one excepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value with all that it could have been."""

    canary: str
    value: str
    shape: tuple[str, ...]
    """For each place the signs that may stand there; empty where any letter or digit may."""
    space: float
    """How many values there are, each as likely as the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A secret and the pieces that make it up, in its order."""

    canary: str
    chain: tuple[str, ...]
    """How it was written before it was cut up."""
    parts: tuple[tuple[str, Piece], ...]


def marker_secret(canary: str, value: str) -> Secret | None:
    """A marker of `auditor.model.markers`; None when the value is none."""
    return (
        Secret(canary=canary, value=value, shape=_MARKER, space=_words() ** 2 * 1e4)
        if _is_marker(value)
        else None
    )


def random_secret(canary: str, value: str) -> Secret:
    """A value of random letters and digits; only the longest run of them is taken to be random."""
    longest = max((len(run) for run in re.findall("[0-9A-Za-z]+", value)), default=0)
    return Secret(canary=canary, value=value, shape=(), space=36.0**longest)


_MARKER = (*[string.ascii_lowercase] * 5, "-", *[string.ascii_lowercase] * 5, "-", *[string.digits] * 4)


def _is_marker(value: str) -> bool:
    return re.fullmatch(r"[a-z]{5}-[a-z]{5}-\d{4}", value) is not None


@lru_cache(maxsize=1)
def _words() -> int:
    """How many words `markers` makes: 27,000 and some, so 7e12 markers."""
    return len(
        {
            word
            for pattern in markers.PATTERNS
            for word in product(*pattern)
            if sum(letter in markers.RARE for letter in word) >= 2
        }
    )


_CASED = ("base64",)
"""The one writing in which letter case matters."""
_WRITINGS: tuple[tuple[tuple[str, ...], Callable[[str], str], int], ...] = (
    ((), lambda text: text, 8),
    (("reversed",), lambda text: text[::-1], 0),
    (("hex",), lambda text: text.encode().hex(), 4),
    (_CASED, lambda text: base64.b64encode(text.encode()).decode().rstrip("="), 6),
    (("base32",), lambda text: base64.b32encode(text.encode()).decode().rstrip("=").lower(), 5),
)
"""Chain, how to write, and bits of the text that one sign of the writing holds (0: backwards)."""


def solve(found: Iterable[Group], secrets: Sequence[Secret], bound: float = BOUND) -> Iterator[Solved]:
    """Every secret that the pieces of a group make up, as far as `bound` reaches."""
    shaped = [secret for secret in secrets if secret.shape]
    found = list(found)
    yield from _solve_random(found, [secret for secret in secrets if not secret.shape], bound / 2)
    if not shaped:
        return
    puzzles = [
        puzzle for group in found for writing in _WRITINGS for puzzle in _puzzles(group, writing, shaped[0])
    ]
    spent = 0.0
    for puzzle in sorted(puzzles, key=lambda puzzle: puzzle.chance):
        spent += puzzle.chance * len(shaped)
        if spent > bound / 2:
            return
        for secret in shaped:
            parts = puzzle.parts(puzzle.write(secret.value))
            if parts:
                yield Solved(canary=secret.canary, chain=puzzle.chain, parts=parts)


def _solve_random(found: Sequence[Group], secrets: Sequence[Secret], bound: float) -> Iterator[Solved]:
    """The same for secrets without a shape, plain only: each group gets an equal share of the bound."""
    share = bound / max(1, len(found) * len(secrets))
    for group in found:
        values = [(text.lower(), piece) for piece in group.pieces for text in readings(piece.text)]
        lengths = Counter(len(text) for text in {text for text, _ in values})
        for secret in secrets:
            parts = _in_any_order(
                [value for value in values if value[0] in secret.value.lower()], secret.value.lower()
            )
            if parts and _texts_of(len(secret.value), lengths) / secret.space <= share:
                yield Solved(canary=secret.canary, chain=(), parts=parts)


def _texts_of(size: int, lengths: Mapping[int, int]) -> float:
    """How many texts of a size can be made of so many pieces of each length."""
    ways = [1.0, *[0.0] * size]
    for at in range(size):
        for length, count in lengths.items():
            if at + length <= size and (length >= SHORTEST or at + length == size):
                ways[at + length] += ways[at] * count
    return ways[size]


_Value = tuple[str, "Piece"]


@dataclass(frozen=True, slots=True)
class _Puzzle:
    """One group, one writing, one rule of order, with its chance of being solved by accident."""

    values: tuple[_Value, ...]
    """Only such as could be pieces."""
    ordered: bool
    chain: tuple[str, ...]
    write: Callable[[str], str]
    chance: float

    def parts(self, target: str) -> tuple[_Value, ...]:
        """The pieces of `target` in its order; empty when they do not make it up."""
        usable = [value for value in self.values if value[0] in target]
        return _in_order(usable, target) if self.ordered else _in_any_order(usable, target)


def _in_order(values: Sequence[_Value], target: str) -> tuple[_Value, ...]:
    size = len(target)
    reached: list[tuple[_Value, ...] | None] = [(), *[None] * size]
    for value in values:
        for at in range(size - len(value[0]), -1, -1):
            before, end = reached[at], at + len(value[0])
            if before is not None and reached[end] is None and _fits_at(value[0], at, target):
                reached[end] = (*before, value)
    return _whole(reached[size])


def _in_any_order(values: Sequence[_Value], target: str) -> tuple[_Value, ...]:
    size = len(target)
    reached: list[tuple[_Value, ...] | None] = [(), *[None] * size]
    for at in range(size):
        before = reached[at]
        for value in values if before is not None else ():
            end = at + len(value[0])
            if end <= size and reached[end] is None and _fits_at(value[0], at, target):
                reached[end] = (*(before or ()), value)
    return _whole(reached[size])


def _whole(parts: tuple[_Value, ...] | None) -> tuple[_Value, ...]:
    return parts if parts and len(parts) > 1 else ()


def _fits_at(text: str, at: int, target: str) -> bool:
    return target.startswith(text, at) and (len(text) >= SHORTEST or at + len(text) == len(target))


def _puzzles(
    group: Group, writing: tuple[tuple[str, ...], Callable[[str], str], int], secret: Secret
) -> Iterator[_Puzzle]:
    chain, write, bits = writing
    classes = _classes(secret.shape, write, bits)
    size, signs = len(classes), frozenset().union(*classes)
    values: list[_Value] = []
    fits: list[tuple[int, ...]] = []
    for piece in group.pieces:
        for text in readings(piece.text):
            written = text if chain == _CASED else text.lower()
            where = _fits(written, classes) if len(written) < size and signs.issuperset(written) else ()
            if where:
                values.append((written, piece))
                fits.append(where)
    if len(values) < 2:
        return
    for ordered, count in ((True, _ways_in_order), (False, _ways)):
        ways = count(values, fits, size)
        if ways:
            yield _Puzzle(tuple(values), ordered, chain, write, ways / secret.space)


def _ways_in_order(values: Sequence[_Value], fits: Sequence[tuple[int, ...]], size: int) -> float:
    """Texts of the shape that values make up in the order in which they came; equal ones may count twice."""
    ways = [1.0, *[0.0] * size]
    for (text, _), where in zip(values, fits, strict=True):
        for at in reversed(where):
            ways[at + len(text)] += ways[at]
    return ways[size]


def _ways(values: Sequence[_Value], fits: Sequence[tuple[int, ...]], size: int) -> float:
    """The same in any order, each value as often as one likes."""
    ends: list[set[str]] = [set() for _ in range(size + 1)]
    for (text, _), where in zip(values, fits, strict=True):
        for at in where:
            ends[at].add(text)
    ways = [1.0, *[0.0] * size]
    for at in range(size):
        for text in ends[at] if ways[at] else ():
            ways[at + len(text)] += ways[at]
    return ways[size]


@lru_cache(maxsize=1 << 18)
def _fits(text: str, classes: tuple[frozenset[str], ...]) -> tuple[int, ...]:
    """Where in the shape a value may stand."""
    last = len(classes) - len(text)
    places = range(last + 1) if len(text) >= SHORTEST else range(last, last + 1)
    return tuple(at for at in places if all(sign in classes[at + n] for n, sign in enumerate(text)))


@lru_cache(maxsize=256)
def _classes(shape: tuple[str, ...], write: Callable[[str], str], bits: int) -> tuple[frozenset[str], ...]:
    """For each place of the writing the signs that any value of the shape can show there."""
    if bits == 0:
        return tuple(frozenset(signs) for signs in reversed(shape))
    plain = "".join(signs[0] for signs in shape)
    classes = []
    for place in range(len(write(plain))):
        touched = range(bits * place // 8, min((bits * place + bits - 1) // 8, len(shape) - 1) + 1)
        found = set()
        for signs in product(*(shape[n] for n in touched)):
            text = plain[: touched[0]] + "".join(signs) + plain[touched[-1] + 1 :]
            found.add(write(text)[place])
        classes.append(frozenset(found))
    return tuple(classes)
