"""Whether what leaves depends on what was typed, decided from paired runs as the schedule allows.

Not a judgement of what that means for a verdict, and not how runs are made. The same runs always give the
same answer: what is drawn here is drawn from the seed of the plan.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from random import Random
from statistics import NormalDist
from typing import TYPE_CHECKING

from auditor.classify.pairs.measures import Measure
from auditor.classify.pairs.measures import measures
from auditor.classify.pairs.randomisation import NOTHING
from auditor.classify.pairs.randomisation import Tested
from auditor.classify.pairs.randomisation import agreements
from auditor.classify.pairs.randomisation import correlations
from auditor.classify.pairs.randomisation import rank_distances
from auditor.classify.pairs.randomisation import set_distances
from auditor.classify.pairs.randomisation import test
from auditor.classify.pairs.randomisation import test_split
from auditor.model.paired import SILENT
from auditor.model.paired import Dependence
from auditor.model.paired import DependenceOutcome
from auditor.model.paired import Effect
from auditor.model.paired import Family
from auditor.model.paired import PairedTest
from auditor.model.schedule import Cell
from auditor.model.schedule import Schedule
from auditor.model.schedule import schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.classify.pairs.measures import SetMeasure
    from auditor.classify.pairs.traces import Trace
    from auditor.model.paired import PairedPlan

FUTILE = 0.1
"""When nothing scores above what one order in ten gives, more runs are spared."""
DOUBTFUL = 0.005
"""At the end, a chance below this and above its threshold clears nobody."""
_POWER = 0.9


@dataclass(frozen=True, slots=True)
class Decision:
    """Where an experiment stands."""

    dependence: Dependence
    final: bool
    """No further run is wanted."""


def decide(plan: PairedPlan, traces: Sequence[Trace]) -> Decision:
    """Look at the runs so far, as often as the schedule says, until one look settles it.

    Args:
        plan: The experiment.
        traces: What left in each run, in the order of the plan; perhaps not of all.
    """
    looks = schedule(plan.most, plan.error_rate)
    decision = _unfinished(plan, traces)
    for runs, typed in _moments(plan, looks):
        if runs <= len(traces):
            decision = _look(plan, looks, typed, traces[:runs])
        if decision.final or runs > len(traces):
            break
    return decision


def failed(plan: PairedPlan, traces: Sequence[Trace], reason: str) -> Dependence:
    """The answer of an experiment in which a run could not be used."""
    return _dependence(plan, traces, DependenceOutcome.INCONCLUSIVE, reason=reason)


def _unfinished(plan: PairedPlan, traces: Sequence[Trace]) -> Decision:
    reason = f"the paired runs ended after {len(traces)} of {plan.most}, before anything could be said"
    return Decision(failed(plan, traces, reason), final=False)


def _moments(plan: PairedPlan, looks: Schedule) -> list[tuple[int, int]]:
    """(runs made, runs in which something was typed) at each look; the last look waits for the last run."""
    typed = list(itertools.accumulate(int(label != SILENT) for label in plan.order))
    moments = [(typed.index(look) + 1, look) for look in looks.looks[:-1]]
    return [*moments, (plan.most, looks.looks[-1])]


def _look(plan: PairedPlan, looks: Schedule, typed: int, traces: Sequence[Trace]) -> Decision:
    experiment = _Experiment(plan, traces)
    cells = looks.at(typed)
    asked = {cell.family: experiment.ask(cell) for cell in cells}
    tests = tuple(
        PairedTest(
            family=cell.family, runs=len(traces), chance=asked[cell.family].chance, threshold=cell.threshold
        )
        for cell in cells
    )
    effects = tuple(
        effect for one in tests if one.shows for effect in experiment.effects(one, asked[one.family])
    )
    last = len(traces) == plan.most
    early = typed >= 2 * looks.first and all(one.chance >= FUTILE for one in tests)
    if early and not last:
        # Without a look at use of its own the question is not answered; it only must not look promising.
        use = experiment.ask(Cell(typed=typed, family=Family.USE, threshold=DOUBTFUL))
        early = use.chance >= FUTILE
    outcome, reason = _outcome(plan, tests, effects)
    dependence = _dependence(plan, traces, outcome, tests=tests, effects=effects, reason=reason)
    return Decision(dependence, final=bool(effects) or last or early)


def _outcome(
    plan: PairedPlan, tests: Sequence[PairedTest], effects: Sequence[Effect]
) -> tuple[DependenceOutcome, str]:
    if any(effect.family is not Family.USE for effect in effects):
        return DependenceOutcome.DEPENDS, ""
    least = min((one.chance for one in tests if one.family is not Family.USE), default=1.0)
    if least < DOUBTFUL:
        return DependenceOutcome.UNDECIDED, (
            f"something goes with what was typed more than chance explains well ({least:.2g}), "
            f"but not at the error rate of {plan.error_rate:g}"
        )
    return DependenceOutcome.INDEPENDENT, ""


def _dependence(
    plan: PairedPlan,
    traces: Sequence[Trace],
    outcome: DependenceOutcome,
    *,
    tests: tuple[PairedTest, ...] = (),
    effects: tuple[Effect, ...] = (),
    reason: str = "",
) -> Dependence:
    made = plan.order[: len(traces)]
    lengths = {prompt.label: len(prompt.text.encode()) for prompt in plan.prompts}
    typed = [label for label in made if label != SILENT]
    return Dependence(
        outcome=outcome,
        effects=effects,
        runs=len(traces),
        typed=len(typed),
        most=plan.most,
        error_rate=plan.error_rate,
        tests=tests,
        reason=reason,
        power=_power(tests, len(typed)),
        most_unread=max((one.unread for one in traces), default=0),
        longest_prompt=max((lengths[label] for label in typed), default=0),
    )


def _power(tests: Sequence[PairedTest], typed: int) -> str:
    """What would have been found; after R. A. Fisher's transformation of a correlation coefficient."""
    threshold = next((one.threshold for one in tests if one.family is Family.LENGTH), 0.0)
    if not threshold or typed <= 3:
        return ""
    normal = NormalDist()
    reach = (normal.inv_cdf(1 - threshold / 2) + normal.inv_cdf(_POWER)) / math.sqrt(typed - 3)
    return (
        f"With {typed} prompts, a size or number that follows the length of what is typed is found nine "
        f"times in ten from a correlation of {math.tanh(reach):.2f} on; text in messages whose size "
        "never changes is not found this way."
    )


class _Experiment:
    """The runs of one look, measured."""

    def __init__(self, plan: PairedPlan, traces: Sequence[Trace]) -> None:
        self._seed = f"{plan.seed}/{len(traces)}"
        labels = plan.order[: len(traces)]
        typed = [run for run, label in enumerate(labels) if label != SILENT]
        self._first = plan.first
        self._labels = [labels[run] for run in typed]
        lengths = {prompt.label: float(len(prompt.text.encode())) for prompt in plan.prompts}
        self._lengths = [lengths[label] for label in self._labels]
        self._blocks = _blocks(plan.first, len(typed))
        self._measures = measures([traces[run] for run in typed])
        # Silent runs are drawn together with the second block, so only there any order was possible.
        self._rest = measures(traces[plan.first :])
        self._used = [float(label != SILENT) for label in labels[plan.first :]]

    def ask(self, cell: Cell) -> Tested:
        """The chance of one question."""
        rng = Random(f"{self._seed}/{cell.family}")  # noqa: S311 - to be drawn again by whoever checks it
        measures_, sets = self._of(cell.family)
        values = [one.values for one in measures_]
        if cell.family is Family.USE:
            scores = correlations(values, self._used)
            return test_split(scores, [flag > 0 for flag in self._used], cell.threshold, rng)
        if cell.family in (Family.LENGTH, Family.TIME_LENGTH):
            return test(correlations(values, self._lengths), self._blocks, cell.threshold, rng)
        distances = [*map(rank_distances, values), *(set_distances(one.values) for one in sets)]
        if len(set(self._labels)) == len(self._labels) or not distances:
            return NOTHING
        scores = agreements(distances, self._labels, self._blocks, rng)
        return test(scores, self._blocks, cell.threshold, rng)

    def _of(self, family: Family) -> tuple[Sequence[Measure], Sequence[SetMeasure]]:
        if family is Family.USE:
            return self._rest.volume, ()
        if family in (Family.TIME_LENGTH, Family.TIME_WORDS):
            return self._measures.time, ()
        return self._measures.volume, self._measures.sets if family is Family.WORDS else ()

    def effects(self, shown: PairedTest, tested: Tested) -> list[Effect]:
        """Each measure that goes with what was typed, the clearest first."""
        measures_, sets = self._of(shown.family)
        tested_: tuple[Measure | SetMeasure, ...] = (*measures_, *sets)
        found = [
            Effect(
                family=shown.family,
                measure=one.name,
                destination=one.destination if isinstance(one, Measure) else "",
                chance=chance,
                detail=self._detail(shown.family, one),
            )
            for one, chance in zip(tested_, tested.each, strict=True)
            if chance <= shown.threshold
        ]
        return sorted(found, key=lambda effect: effect.chance)

    def _detail(self, family: Family, one: Measure | SetMeasure) -> str:
        if not isinstance(one, Measure):
            return _same(self._labels, one.values)
        if family is Family.USE:
            return _with_and_without(self._used, one.values)
        if family in (Family.LENGTH, Family.TIME_LENGTH):
            return _line(self._lengths, one.values)
        return _same(self._labels, one.values)


def _blocks(first: int, runs: int) -> tuple[range, ...]:
    return tuple(block for block in (range(min(first, runs)), range(first, runs)) if block)


def _line(lengths: Sequence[float], values: Sequence[float]) -> str:
    """The line of least squares through the runs."""
    mean_x, mean_y = sum(lengths) / len(lengths), sum(values) / len(values)
    spread = sum((x - mean_x) ** 2 for x in lengths)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(lengths, values, strict=True)) / spread
    return f"about {slope:.3g} for each byte typed, and {mean_y - slope * mean_x:.4g} besides"


def _same(labels: Sequence[str], values: Sequence[object]) -> str:
    pairs = [
        values[one] == values[other]
        for one, other in itertools.combinations(range(len(labels)), 2)
        if labels[one] == labels[other]
    ]
    return f"the same in {sum(pairs)} of {len(pairs)} pairs of runs with the same prompt"


def _with_and_without(used: Sequence[float], values: Sequence[float]) -> str:
    with_, without = (
        [value for flag, value in zip(used, values, strict=True) if flag == wanted] for wanted in (1.0, 0.0)
    )
    means = (sum(some) / len(some) for some in (with_, without))
    return "{:.4g} on average when something is typed, {:.4g} when not".format(*means)
