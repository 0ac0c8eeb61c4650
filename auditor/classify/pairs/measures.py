"""What paired runs are compared by: one number or set for each run, by destination and for all together.

Not the comparison. Only lengths, numbers, names and times are measured, so that it does not matter whether
anything could be read.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify import hosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from auditor.classify.pairs.traces import Message
    from auditor.classify.pairs.traces import Trace

MOST_DESTINATIONS = 20
"""Of more, those that appear in the most runs are measured one by one."""
_IN_RUNS = 2
"""A destination of a single run (a random name) counts only among all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number for each run."""

    destination: str
    """Empty for all of them together."""
    name: str
    """In words, as a report says it."""
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMeasure:
    """One set for each run."""

    name: str
    values: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Everything that runs are compared by."""

    volume: tuple[Measure, ...]
    """Sizes, counts, names."""
    time: tuple[Measure, ...]
    sets: tuple[SetMeasure, ...]


def measures(traces: Sequence[Trace]) -> Measures:
    """Measure runs over the time in which all of them were watched.

    An app that sends by the clock sends more in a run that lasts longer; so numbers and sums are taken over
    the shortest. What a measure has in common with an earlier one is measured once.
    """
    window = min((one.watched for one in traces), default=math.inf)
    volume = [*_by_destination(traces, window), *_by_site(traces, window), *_together(traces, window)]
    return Measures(
        volume=_distinct(volume),
        time=_distinct(_times(traces, window)),
        sets=(
            SetMeasure(
                name="which hosts are contacted",
                values=tuple(frozenset(where for _, where in one.connections) for one in traces),
            ),
            SetMeasure(
                name="which names are asked for",
                values=tuple(frozenset(name for _, name in one.names) for one in traces),
            ),
        ),
    )


def _by_destination(traces: Sequence[Trace], window: float) -> Iterator[Measure]:
    for where in _common([*(m.destination for m in one.messages), *(to for _, to in one.connections)]
                         for one in traces):  # fmt: skip
        sent = [[m for m in one.messages if m.destination == where] for one in traces]
        opened = [[at for at, to in one.connections if to == where] for one in traces]
        yield from _volume(where, sent, window)
        yield _measure(where, "connections", opened, lambda times: _within(times, window))


def _volume(where: str, sent: Sequence[list[Message]], window: float) -> Iterator[Measure]:
    yield _measure(where, "bytes sent", sent, lambda ms: sum(m.bytes for m in ms if m.at <= window))
    yield _measure(
        where, "size of the largest message", sent, lambda ms: max((m.bytes for m in ms), default=0)
    )
    yield _measure(where, "messages", sent, lambda ms: _within((m.at for m in ms), window))


def _by_site(traces: Sequence[Trace], window: float) -> Iterator[Measure]:
    for site in _common((hosts.site(name) for _, name in one.names) for one in traces):
        asked = [[(at, name) for at, name in one.names if hosts.site(name) == site] for one in traces]
        yield from _look_ups(f"names below {site}", asked, window)


def _look_ups(where: str, asked: Sequence[list[tuple[float, str]]], window: float) -> Iterator[Measure]:
    yield _measure(where, "look-ups", asked, lambda all_: _within((at for at, _ in all_), window))
    yield _measure(
        where, "length of the names asked for", asked,
        lambda all_: sum(map(len, {name for at, name in all_ if at <= window})),
    )  # fmt: skip


def _together(traces: Sequence[Trace], window: float) -> Iterator[Measure]:
    yield from _volume("", [list(one.messages) for one in traces], window)
    yield from _look_ups("", [list(one.names) for one in traces], window)
    opened = [list(one.connections) for one in traces]
    yield _measure("", "connections", opened, lambda all_: _within((at for at, _ in all_), window))
    yield _measure("", "hosts contacted", opened, lambda all_: len({to for at, to in all_ if at <= window}))


def _times(traces: Sequence[Trace], window: float) -> Iterator[Measure]:
    """A run without any has no time: it gets the latest of the others, which says least."""
    events = [[*((m.at, m.destination) for m in one.messages), *one.connections] for one in traces]
    for where in _common((to for _, to in one) for one in events):
        times = [[at for at, to in one if to == where] for one in events]
        yield _measure(where, "time of the first contact", times, _Earliest(times))
        inside = [[at for at in one if at <= window] for one in times]
        yield _measure(where, "time from the first to the last contact", inside, _span)
        yield _measure(where, "longest pause between contacts", inside, _pause)


class _Earliest:
    """The first of some times; without any, the latest first one of all runs."""

    def __init__(self, runs: Sequence[list[float]]) -> None:
        self._none = max((min(one) for one in runs if one), default=0.0)

    def __call__(self, times: list[float]) -> float:
        return min(times, default=self._none)


def _span(times: Sequence[float]) -> float:
    return max(times) - min(times) if times else 0.0


def _pause(times: Sequence[float]) -> float:
    ordered = sorted(times)
    return max((later - one for one, later in itertools.pairwise(ordered)), default=0.0)


def _measure(where: str, name: str, runs: Sequence[list], value: Callable[[list], float]) -> Measure:  # type: ignore[type-arg]
    return Measure(destination=where, name=name, values=tuple(float(value(one)) for one in runs))


def _within(times: Iterable[float], window: float) -> int:
    return sum(at <= window for at in times)


def _common(runs: Iterable[Iterable[str]]) -> list[str]:
    """What appears in several runs, the most common first."""
    counts = Counter(name for run in runs for name in set(run))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [name for name, count in ranked if count >= _IN_RUNS][:MOST_DESTINATIONS]


def _distinct(all_: Iterable[Measure]) -> tuple[Measure, ...]:
    """Without those that never change, and those that only repeat another in other units."""
    kept: dict[tuple[float, ...], Measure] = {}
    for one in all_:
        low, high = min(one.values, default=0.0), max(one.values, default=0.0)
        if high > low:
            kept.setdefault(tuple(round((value - low) / (high - low), 9) for value in one.values), one)
    return tuple(kept.values())
