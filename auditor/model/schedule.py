"""When paired runs are looked at, and how much of the error rate each look may spend.

Not the statistics. Everything here follows from two numbers that are fixed before the first run, so that
the error rates of all looks can be added up beforehand (Bonferroni over looks and questions): the sum is
never above the stated one, however the looks are related, and whenever the runs are stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from auditor.model.paired import Family

DEFAULT_RUNS = 24
"""The fewest runs in which all questions can be answered at the default rate."""
DEFAULT_ERROR_RATE = 0.001
FIRST_SHARE = Fraction(1, 5)
"""Part of the error rate for the first look, at the length alone."""
SHARES: dict[Family, Fraction] = {
    Family.LENGTH: Fraction(3, 10),
    Family.WORDS: Fraction(1, 5),
    Family.TIME_LENGTH: Fraction(1, 10),
    Family.TIME_WORDS: Fraction(1, 10),
    Family.USE: Fraction(1, 10),
}
"""Parts for all later looks at each question; with the first they add up to 1."""
_SILENT_OF_REST = Fraction(2, 5)
_GROWTH = math.sqrt(2)
_APART = 1.15
"""A look that the last one follows so closely would only take its share away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One look at one question."""

    typed: int
    """After so many runs in which something was typed; the last looks wait for the last run."""
    family: Family
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All looks of an experiment."""

    most: int
    first: int
    silent: int
    looks: tuple[int, ...]
    """Numbers of typed runs, rising; the last is all of them."""
    cells: tuple[Cell, ...]

    @property
    def typed(self) -> int:
        """Runs in which something is typed, when none is saved by stopping early."""
        return self.most - self.silent

    def at(self, typed: int) -> tuple[Cell, ...]:
        """What is asked after so many typed runs."""
        return tuple(cell for cell in self.cells if cell.typed == typed)

    def can_tell_use(self) -> bool:
        """Whether there are enough silent runs to say that something depends on being used at all."""
        orders = math.comb(self.most - self.first, self.silent)
        return any(orders * cell.threshold >= 1 for cell in self.cells if cell.family is Family.USE)


def fewest_runs(error_rate: float) -> int:
    """Runs below which nothing could ever be shown: n! orders must be enough for the first look.

    >>> fewest_runs(0.001), fewest_runs(0.0001)
    (7, 9)
    """
    number = 2
    while math.factorial(number) * error_rate * FIRST_SHARE < 1:
        number += 1
    return number


def schedule(most: int, error_rate: float) -> Schedule:
    """The looks of an experiment of at most `most` runs.

    Raises:
        ValueError: fewer runs than could ever show anything.
    """
    first = fewest_runs(error_rate)
    if most < first:
        raise ValueError(f"at least {first} runs are needed at an error rate of {error_rate:g}")
    silent = int((most - first) * _SILENT_OF_REST)
    looks = _looks(first, most - silent)
    cells = [Cell(typed=first, family=Family.LENGTH, threshold=float(FIRST_SHARE) * error_rate)]
    for family, share in SHARES.items():
        when = _when(family, looks, first)
        each = float(share / max(len(when), 1)) * error_rate
        cells += [Cell(typed=look, family=family, threshold=each) for look in when]
    return Schedule(most=most, first=first, silent=silent, looks=looks, cells=tuple(cells))


def _looks(first: int, typed: int) -> tuple[int, ...]:
    """The first block, then each look with about 1.4 times as many runs as the one before."""
    looks, place = [first], first * _GROWTH
    while round(place) * _APART <= typed:
        looks.append(round(place))
        place *= _GROWTH
    return (*looks, typed) if typed > first else tuple(looks)


def _when(family: Family, looks: tuple[int, ...], first: int) -> tuple[int, ...]:
    """Looks at which a question is asked: words need the same prompt twice, use needs every silent run."""
    if family is Family.USE:
        return tuple(looks[1:][-1:])
    earliest = 2 * first if family in (Family.WORDS, Family.TIME_WORDS) else first + 1
    return tuple(look for look in looks if look >= earliest) or tuple(looks[1:][-1:])
