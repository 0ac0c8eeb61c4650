"""The paired runs of a run directory, in one answer.

Not the single runs: each of them is classified like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.classify.case import classify
from auditor.classify.pairs import dependence
from auditor.classify.pairs.traces import Trace
from auditor.classify.pairs.traces import trace
from auditor.evidence import pairs
from auditor.model.paired import SILENT
from auditor.model.paired import DependenceOutcome

if TYPE_CHECKING:
    from auditor.classify.pairs.dependence import Decision
    from auditor.evidence.store import RunDirectory
    from auditor.model.case import Case
    from auditor.model.paired import Dependence
    from auditor.model.paired import PairedPlan


class PairedRuns:
    """Reads runs one after the other, as they are made or as they were."""

    def __init__(self, plan: PairedPlan) -> None:
        """Nothing was read yet."""
        self._plan = plan
        self._traces: list[Trace] = []
        self._fault = ""
        self._answered = False
        """Some run showed its marker, or was vouched for."""

    def add(self, directory: RunDirectory) -> None:
        """Read the next run; one that cannot be used ends the experiment."""
        number = len(self._traces)
        try:
            case = classify(directory)
            self._fault = fault_of(case, silent=self._plan.order[number] == SILENT)
            if not self._fault:
                self._traces.append(trace(directory, case))
            self._answered |= case.coverage.answer_contains_marker is not False
        except (ValueError, OSError) as error:
            self._fault = str(error)
        if self._fault:
            self._fault = f"paired run {number + 1} could not be used: {self._fault}"

    def decision(self) -> Decision:
        """Where the experiment stands."""
        if self._fault:
            return dependence.Decision(dependence.failed(self._plan, self._traces, self._fault), final=True)
        decided = dependence.decide(self._plan, self._traces)
        if decided.final and not self._answered and not decided.dependence.effects:
            reason = (
                "no paired run got an answer that shows what was typed, so the app may never have read it"
            )
            return dependence.Decision(dependence.failed(self._plan, self._traces, reason), final=True)
        return decided


def fault_of(case: Case, *, silent: bool) -> str:
    """Why a run cannot be compared with others, as a clause; empty when it can."""
    coverage = case.coverage
    blind = next((gap.text for gap in coverage.gaps if gap.blinds and not gap.principle), "")
    unseen = [control.channel for control in coverage.controls if not control.seen]
    failed = next((answer.error for answer in case.answers if answer.error), "")
    faults = (
        (not case.run.sealed, "it was interrupted"),
        (not case.processes, "the app did not start"),
        (
            bool(unseen) or not coverage.controls,
            f"our own control was not seen ({', '.join(unseen) or 'none'})",
        ),
        (not silent and not coverage.prompted, "the app could not be prompted"),
        (not silent and bool(failed), failed),
        (not silent and not coverage.answered, "the app gave no answer"),
        (bool(blind), blind),
    )
    return next((text.rstrip(". ") for holds, text in faults if holds), "")


def dependence_in(directory: RunDirectory) -> Dependence | None:
    """What the paired runs show; None when none were asked for.

    Raises:
        ValueError: the plan or the list of seals is broken.
        OSError: they cannot be read.
    """
    plan = pairs.read_plan(directory)
    if plan is None:
        return None
    runs = PairedRuns(plan)
    for one in pairs.recorded(directory, plan):
        runs.add(one)
        if runs.decision().final:
            break
    answer = runs.decision().dependence
    changed = pairs.changed(directory)
    if changed:
        reason = f"the paired runs differ from their seals ({', '.join(changed[:3])})"
        return replace(answer, outcome=DependenceOutcome.INCONCLUSIVE, effects=(), reason=reason)
    return answer


def with_pairs(case: Case, directory: RunDirectory) -> Case:
    """The case with what paired runs of it show.

    Raises:
        ValueError: the plan or the list of seals is broken.
        OSError: they cannot be read.
    """
    return replace(case, dependence=dependence_in(directory))
