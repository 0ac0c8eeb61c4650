"""Randomisation tests: does a measure of each run go with what was typed in it, more than chance allows?

Not what is measured, and not when it is looked at. What was typed in which run was drawn by us, so the
chance of every other order is known exactly, and nothing is assumed about apps (R. A. Fisher, The Design
of Experiments, 1935, section 21). Many measures are tested at once by the largest statistic among
them, which is compared with the largest one under each other order (Westfall and Young, 1993).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING
from typing import TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from random import Random

Order: TypeAlias = "tuple[int, ...]"
"""For each run, the number of the run whose label it is given."""
Scores: TypeAlias = "Callable[[Order], list[float]]"
"""The statistic of every measure under an order of the labels; the larger, the more it goes with them."""

_EXACT = 50_000
"""So many orders are gone through one by one; of more, a sample is drawn."""
_ENOUGH = 10
"""Orders that score as high as the true one, until a sample need not go on (Besag and Clifford, 1991)."""
_DRAWN_PER_THRESHOLD = 4
_PILOT = 200
_PLAIN = 0.1
_SCALING = 200
"""Orders from which mean and spread of an agreement are estimated."""
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """How often chance alone scores as high."""

    chance: float
    """For the largest of all measures together; 1 when there was nothing to test."""
    each: tuple[float, ...] = ()
    """For each measure, adjusted for all of them; empty when the sample ended early."""


NOTHING = Tested(chance=1.0)


def test(scores: Scores, blocks: Sequence[range], threshold: float, rng: Random) -> Tested:
    """Compare the true order with others, in which labels move within their block.

    Args:
        scores: The statistics; none may be NaN.
        blocks: Runs whose order was drawn together; they cover all runs.
        threshold: What the chance will be compared with: it decides how many orders are drawn.
        rng: Seeded by the caller, so that the same runs always give the same answer.
    """
    true = scores(tuple(range(sum(len(block) for block in blocks))))
    if not true:
        return NOTHING
    if math.prod(math.factorial(len(block)) for block in blocks) > _EXACT:
        return _sampled(scores, true, _drawn(blocks, rng), math.ceil(_DRAWN_PER_THRESHOLD / threshold))
    # Of what is plainly chance no exact figure is needed; asking twice can only make accusations rarer.
    pilot = _sampled(scores, true, _drawn(blocks, rng), _PILOT)
    return pilot if pilot.chance > _PLAIN else _exact(scores, true, _all(blocks))


def test_split(scores: Scores, flags: Sequence[bool], threshold: float, rng: Random) -> Tested:
    """The same for labels of two kinds in one block: of their orders only those are counted that differ."""
    runs = range(len(flags))
    true = scores(tuple(runs))
    ways = math.comb(len(flags), sum(flags))
    if not true or ways < 2:
        return NOTHING
    if ways > _EXACT:
        return _sampled(scores, true, _drawn((runs,), rng), math.ceil(_DRAWN_PER_THRESHOLD / threshold))
    return _exact(scores, true, _splits(flags))


def _splits(flags: Sequence[bool]) -> Iterator[Order]:
    marked = [run for run, flag in enumerate(flags) if flag]
    others = [run for run, flag in enumerate(flags) if not flag]
    for chosen in itertools.combinations(range(len(flags)), len(marked)):
        left, right, here = iter(marked), iter(others), frozenset(chosen)
        yield tuple(next(left) if run in here else next(right) for run in range(len(flags)))


def _all(blocks: Sequence[range]) -> Iterator[Order]:
    return (
        tuple(itertools.chain.from_iterable(parts))
        for parts in itertools.product(*map(itertools.permutations, blocks))
    )


def _drawn(blocks: Sequence[range], rng: Random) -> Iterator[Order]:
    while True:
        yield tuple(itertools.chain.from_iterable(rng.sample(block, len(block)) for block in blocks))


def _sampled(scores: Scores, true: list[float], orders: Iterator[Order], most: int) -> Tested:
    """A valid p-value from as few orders as will do: h/l when the h-th hit is at draw l, else (h+1)/(n+1)."""
    largest: list[float] = []
    top, hits = max(true) - _TINY, 0
    for order in itertools.islice(orders, most):
        largest.append(max(scores(order)))
        hits += largest[-1] >= top
        if hits >= _ENOUGH:
            return Tested(chance=hits / len(largest))
    each = tuple((_at_least(largest, one) + 1) / (most + 1) for one in true)
    return Tested(chance=min(each), each=each)


def _exact(scores: Scores, true: list[float], orders: Iterable[Order]) -> Tested:
    largest = [max(scores(order)) for order in orders]
    each = tuple(_at_least(largest, one) / len(largest) for one in true)
    return Tested(chance=min(each), each=each)


def _at_least(largest: list[float], value: float) -> int:
    return sum(one >= value - _TINY for one in largest)


def correlations(measures: Sequence[Sequence[float]], labels: Sequence[float]) -> Scores:
    """|Pearson's r| of each measure with a number that each label stands for.

    Measures that are the same in all runs score 0. An exact linear relation scores 1, which noise all but
    never reaches: of the coefficients, this one has no ties at its end, so few runs are enough.
    """
    normal = [_normal(one) for one in measures]
    given = _normal(labels)

    def scores(order: Order) -> list[float]:
        moved = [given[place] for place in order]
        return [abs(sum(map(mul, one, moved))) for one in normal]

    return scores


def _normal(values: Sequence[float]) -> list[float]:
    """Centred, and of length 1; zeros when all are the same."""
    mean = math.fsum(values) / max(len(values), 1)
    centred = [value - mean for value in values]
    length = math.sqrt(math.fsum(value * value for value in centred))
    return [value / length if length > _TINY else 0.0 for value in centred]


Distances: TypeAlias = "Sequence[Sequence[float]]"
"""How different one measure of two runs is, for all pairs of runs."""


def agreements(
    measures: Sequence[Distances], labels: Sequence[str], blocks: Sequence[range], rng: Random
) -> Scores:
    """How much closer runs with the same label are than chance has it, in standard deviations.

    For any function of what was typed, also one that is no rising or falling one. Mean and deviation are of
    a sample of orders that is drawn for this alone.
    """
    pairs = [
        (one, other)
        for one, other in itertools.combinations(range(len(labels)), 2)
        if labels[one] == labels[other]
    ]

    def sums(order: Order) -> list[float]:
        # Labels move from run to run: the runs that now have equal ones are those that the order puts there.
        places = [0] * len(order)
        for run, label in enumerate(order):
            places[label] = run
        moved = [(places[one], places[other]) for one, other in pairs]
        return [sum(distances[one][other] for one, other in moved) for distances in measures]

    sample = [sums(order) for order in itertools.islice(_drawn(blocks, rng), _SCALING)]
    scales = [_scale(column) for column in zip(*sample, strict=True)]

    def scores(order: Order) -> list[float]:
        return [
            (mean - found) / spread if spread > _TINY else 0.0
            for found, (mean, spread) in zip(sums(order), scales, strict=True)
        ]

    return scores


def _scale(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def rank_distances(values: Sequence[float]) -> Distances:
    """How many ranks lie between the values of two runs; equal values share the middle of theirs."""
    ordered = sorted(values)
    first = {value: place for place, value in reversed(list(enumerate(ordered)))}
    counts = {value: ordered.count(value) for value in first}
    ranks = [first[value] + (counts[value] - 1) / 2 for value in values]
    return [[abs(one - other) for other in ranks] for one in ranks]


def set_distances(values: Sequence[frozenset[str]]) -> Distances:
    """Jaccard's distance: 0 for equal sets, 1 for those that share nothing."""
    return [[_jaccard(one, other) for other in values] for one in values]


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    together = len(one | other)
    return 1 - len(one & other) / together if together else 0.0
