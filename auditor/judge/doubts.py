"""Why the absence of findings might prove nothing: each reason as a sentence with what to do about it.

Not findings about the app, and not rules: a rule folder can be replaced, these conditions of trust cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.judge.host import declared_purpose
from auditor.judge.paired import clears
from auditor.judge.wording import plural
from auditor.judge.wording import printable
from auditor.model.coverage import INTERRUPTED
from auditor.model.flow import Visibility

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.case import Case
    from auditor.model.coverage import ControlResult
    from auditor.model.finding import RuleOutcome
    from auditor.model.flow import Flow

PROMPTS_STAY = 2
"""Number of the principle that content which could not be read leaves open."""
_ORDERLY = ("", "exit 0", "ended", "running", "still running at the end")
"""How an app ends that did what it was asked; empty when it is not known."""
PROMPT_PURPOSES = ("prompt-leak", "cloud-inference")
"""Declared purposes that say: this host may receive what I type."""
CONTROL_ROUNDS = {"before": "before the app was started", "after": "after the app had ended"}
"""When our own control runs, by `ControlResult.round`."""

_DRIVER_FIX = (
    "Name the driver with --driver or the server with --url, or use --driver none to audit without typing."
)
_ANSWER_FIX = "Check that the app has a model to answer with, or say what proves it with --expect TEXT."


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One reason."""

    text: str
    """A clause without a full stop."""
    fix: str = ""
    """A sentence; empty when nothing is known to help."""
    principle: int = 0
    """The one principle that it leaves open; 0 for all."""
    blinds: bool = True
    """False when the user accepted it: the verdict stays."""
    voids: bool = False
    """True when findings prove nothing either."""


def doubts_about(case: Case, outcomes: Iterable[RuleOutcome]) -> tuple[Doubt, ...]:
    """All reasons, the most basic first; none when the run proved that it could see."""
    basic = [doubt for check in _CHECKS for doubt in check(case)]
    return (*basic, *_broken_rules(outcomes))


def _recording(case: Case) -> Iterator[Doubt]:
    if not case.run.sealed:
        yield Doubt(
            text="the recording was interrupted before it was complete", fix="Run it again to its end."
        )


def _altered(case: Case) -> Iterator[Doubt]:
    """Files that are not what was sealed: then nothing in the folder proves anything."""
    names = case.run.altered
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield Doubt(
            text=f"the evidence was altered after the recording: {printable(', '.join(names[:3]))}{more} "
            "not as sealed in run.json",
            fix="Record it again, or judge an unaltered copy.",
            voids=True,
        )


def _app(case: Case) -> Iterator[Doubt]:
    """An app that did not run, or not to a proper end, has not shown what it does."""
    status = case.run.app_status
    crashed = status.startswith("signal")
    refused = not crashed and status not in _ORDERLY
    if not case.processes:
        yield Doubt(text="the app did not start", fix="Try the command by itself, outside of the audit.")
    elif crashed or (refused and not case.coverage.answer_contains_marker):
        yield Doubt(
            text=f"the app did not run properly ({status}), so it may not have done what it usually does",
            fix="See app.log in the run directory.",
        )


def _prompts(case: Case) -> Iterator[Doubt]:
    coverage = case.coverage
    if case.run.driver == "none":
        return
    if not coverage.prompted:
        yield Doubt(text="the app could not be prompted, so it was never used", fix=_DRIVER_FIX)
    elif coverage.answer_contains_marker is None and case.answers:
        return  # the user vouched for the answer
    elif not coverage.answered:
        yield Doubt(
            text="the app gave no answer to any prompt, so it may never have run one", fix=_ANSWER_FIX
        )
    elif not coverage.answer_contains_marker:
        yield Doubt(
            text="no answer shows the marker that was in its prompt, so the model may never have seen it",
            fix="Say what proves an answer with --expect TEXT, or vouch with --accept-unproven-answer.",
        )


def _controls(case: Case) -> Iterator[Doubt]:
    for moment, words in CONTROL_ROUNDS.items():
        controls = [control for control in case.coverage.controls if control.round == moment]
        if not controls:
            yield Doubt(
                text=f"no control of our own was sent {words}, so nothing proves that the observers could see"
            )
        for text, lacks in _CONTROL_LACKS:
            lacking = [control.channel for control in controls if lacks(control)]
            if lacking:
                yield Doubt(text=f"{text} on: {', '.join(lacking)} ({words})", fix="Run `audit doctor`.")


_CONTROL_LACKS: tuple[tuple[str, Callable[[ControlResult], bool]], ...] = (
    ("our own control was not seen", lambda control: not control.seen),
    (
        "the process behind our own control was not named",
        lambda control: control.seen and not control.attributed,
    ),
    (
        "what our own control said was not understood",
        lambda control: control.seen and control.decoded is False,
    ),
)


def _gaps(case: Case) -> Iterator[Doubt]:
    for gap in case.coverage.gaps:
        if gap.blinds and gap.text != INTERRUPTED:  # that is said already
            yield Doubt(text=gap.text.rstrip(". "), principle=gap.principle)


def _unreadable(case: Case) -> Iterator[Doubt]:
    """What was typed may be inside a flow that could not be read.

    Where the user declared that the host may have it, only the principle is left open, not the verdict.
    """
    if not case.coverage.prompted or clears(case.dependence):
        return
    opaque = [flow for flow in case.flows if flow.visibility is Visibility.OPAQUE]
    for accepted in (False, True):
        flows = [flow for flow in opaque if _may_have_prompts(flow, case) is accepted]
        if flows:
            yield Doubt(
                text=f"the content of {plural(len(flows), 'flow')} to {_hosts(flows)} could not be read, "
                "so what was typed may be in it",
                fix="See in the report why each could not be read.",
                principle=PROMPTS_STAY,
                blinds=not accepted,
            )


def _paired(case: Case) -> Iterator[Doubt]:
    """Paired runs that were asked for and settled nothing; without them, there is nothing to say."""
    if case.dependence is not None and case.dependence.reason:
        yield Doubt(
            text=f"whether what leaves depends on what was typed was not settled: {case.dependence.reason}",
            fix="Run it again, or with a larger --paired N.",
            principle=PROMPTS_STAY,
        )


def _hosts(flows: Iterable[Flow]) -> str:
    hosts = list(dict.fromkeys(flow.destination.domain or flow.destination.ip for flow in flows))
    more = f" and {len(hosts) - 3} more" if len(hosts) > 3 else ""
    return printable(", ".join(hosts[:3])) + more


def _may_have_prompts(flow: Flow, case: Case) -> bool:
    names = (flow.destination.domain, flow.sni, flow.destination.ip)
    return flow.declared and declared_purpose(names, case.run.declared) in PROMPT_PURPOSES


def _broken_rules(outcomes: Iterable[RuleOutcome]) -> Iterator[Doubt]:
    for outcome in outcomes:
        if outcome.outcome == "error":
            yield Doubt(
                text=f"the rule {outcome.rule} broke ({outcome.note})",
                fix=f"Try `audit rules check`, and report {outcome.rule} to its author.",
            )


_CHECKS: tuple[Callable[[Case], Iterator[Doubt]], ...] = (
    _altered, _recording, _app, _prompts, _controls, _gaps, _unreadable, _paired,
)  # fmt: skip
