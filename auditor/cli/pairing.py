"""Records paired runs and asks after each of them whether another is wanted.

Neither recording nor deciding: each is done by the half of the program that it belongs to.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import AuditError
from auditor.errors import UsageError
from auditor.model.schedule import DEFAULT_RUNS
from auditor.model.schedule import fewest_runs
from auditor.model.schedule import schedule

if TYPE_CHECKING:
    from auditor.evidence.store import RunDirectory
    from auditor.model.paired import PairedPlan
    from auditor.record.settings import Settings

AUTO = "auto"
_UNFIT = ("none", "manual")
"""Drivers that cannot type what was drawn."""


_RAW = "raw"
"""Protocol of a flow that nobody knows how to read: its bytes were searched, but may be encrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `--paired` asks for."""

    most: int
    error_rate: float
    if_unread: bool
    """Only when something left that could not be read."""


def wish_from(text: str, error_rate: float, driver: str) -> Wish | None:
    """Check `--paired N|auto`; None without it.

    Raises:
        UsageError: with the least number that makes sense.
    """
    if not text:
        return None
    if driver in _UNFIT:
        raise UsageError(
            f"--paired types prompts of its own, which the driver {driver} cannot.",
            fix="Leave --driver away, or name one that types.",
        )
    fewest = fewest_runs(error_rate)
    if text != AUTO and (not text.isdecimal() or int(text) < fewest):
        raise UsageError(
            f"--paired {text!r} is neither {AUTO} nor a number from {fewest} on: with fewer runs, chance "
            f"explains whatever happens more often than the error rate of {error_rate:g} allows.",
            fix=f"Write --paired {DEFAULT_RUNS}; it stops early when {fewest} are enough.",
        )
    most = max(DEFAULT_RUNS, fewest) if text == AUTO else int(text)
    return Wish(most=most, error_rate=error_rate, if_unread=text == AUTO)


def record_pairs(settings: Settings, main: RunDirectory, wish: Wish) -> int:
    """Record paired runs into `main` until the question is answered.

    Returns:
        0, or 128+n when signal n ended one of them.
    """
    if wish.if_unread and not _has_unread(main):
        _say("Everything that left could be read: no paired runs are needed.")
        return 0
    from auditor.evidence import pairs  # noqa: PLC0415
    from auditor.record.pairs import draw  # noqa: PLC0415

    plan = draw(wish.most, wish.error_rate, next(iter(settings.prompts), ""))
    pairs.write_plan(main, plan)
    try:
        return _record_all(settings, main, plan)
    except AuditError as error:
        _say(f"The paired runs could not be finished. {error}")
        return 0  # the run that broke off is in the folder, and makes the answer inconclusive
    finally:
        pairs.seal(main)


def _record_all(settings: Settings, main: RunDirectory, plan: PairedPlan) -> int:
    from auditor.classify.pairs.paired import PairedRuns  # noqa: PLC0415
    from auditor.record.pairs import settings_of  # noqa: PLC0415
    from auditor.record.recording import record  # noqa: PLC0415

    runs, looks = PairedRuns(plan), schedule(plan.most, plan.error_rate)
    _say(
        f"Paired runs: at most {plan.most}, looked at after {', '.join(map(str, looks.looks))} prompts; "
        f"an app that does not depend on them is accused in {plan.error_rate:.2%} of such tests at most."
    )
    for number in range(plan.most):
        _say(f"Paired run {number + 1} of at most {plan.most}.")
        recorded = record(settings_of(settings, main, plan, number))
        if recorded.exit_code:
            return recorded.exit_code
        runs.add(recorded.directory)
        decision = runs.decision()
        if decision.final:
            _say(f"Paired runs: {decision.dependence.outcome} after {decision.dependence.runs}.")
            break
    return 0


def _has_unread(main: RunDirectory) -> bool:
    from auditor.classify.case import classify  # noqa: PLC0415
    from auditor.model.flow import Visibility  # noqa: PLC0415

    return any(
        flow.visibility is Visibility.OPAQUE or (flow.protocol == _RAW and flow.bytes_out)
        for flow in classify(main).flows
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
