"""The answer in one word with its reasons: fail before inconclusive before pass.

Not the words of the report page: only what a verdict must say wherever it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import ExitCode
from auditor.judge.frames import frames_told
from auditor.judge.paired import answer
from auditor.judge.wording import plural
from auditor.judge.wording import printable
from auditor.judge.wording import sentence
from auditor.model.finding import Outcome
from auditor.model.finding import Verdict
from auditor.model.run import APP_PHASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.judge.doubts import Doubt
    from auditor.judge.policy import Policy
    from auditor.model.case import Case
    from auditor.model.finding import Finding

_EXITS = {
    Outcome.FAIL: ExitCode.FINDING,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Outcome.PASS: ExitCode.PASS,
}


def decide(case: Case, findings: Sequence[Finding], doubts: Sequence[Doubt], policy: Policy) -> Verdict:
    """The verdict.

    Args:
        case: What was judged.
        findings: The gravest first.
        doubts: Why finding nothing might prove nothing.
        policy: What the user asked for.

    Returns:
        Its first reason is the verdict in one sentence; the second quotes the coverage, and another one
        what each frame that left the box belonged to.
    """
    doubts = [doubt for doubt in doubts if doubt.blinds]
    open_ = [finding for finding in findings if finding.suppressed is None]
    failing = [finding for finding in open_ if finding.severity.rank >= policy.fail_on.rank]
    below = len(open_) - len(failing)
    if any(doubt.voids for doubt in doubts):
        outcome, first = Outcome.INCONCLUSIVE, f"Inconclusive: {doubts[0].text}."
    elif failing:
        outcome, first = Outcome.FAIL, _failed(failing, below, policy)
    elif doubts:
        outcome, first = Outcome.INCONCLUSIVE, f"Inconclusive: {doubts[0].text}{_also(below, policy)}."
    else:
        outcome, first = Outcome.PASS, _passed(case, below, policy)
    told = frames_told(case.coverage.ledger)
    rest = (*told, *_doubts(doubts, failed=outcome is Outcome.FAIL))
    return Verdict(
        outcome=outcome,
        exit_code=int(_EXITS[outcome]),
        reasons=(first, _coverage(case), *_paired(case), *rest),
    )


def _failed(failing: Sequence[Finding], below: int, policy: Policy) -> str:
    worst = failing[0]
    title = worst.title[:1].lower() + worst.title[1:].rstrip(".")
    where = f", first seen: {_place(worst)}" if worst.destination is not None else ""
    more = (
        f"; {plural(len(failing) - 1, 'more finding')} at or above {policy.fail_on}"
        if len(failing) > 1
        else ""
    )
    return f"Fail: the app {title} ({worst.rule}{where}){more}{_also(below, policy)}."


def _place(finding: Finding) -> str:
    destination = finding.destination
    if destination is None:
        return ""
    address = printable(destination.domain or destination.ip)
    return f"{address}:{destination.port}" if destination.port else address


def _passed(case: Case, below: int, policy: Policy) -> str:
    seen = f"Pass: within the stated coverage nothing at or above {policy.fail_on} was found while the app"
    if not case.coverage.prompted:
        return (
            f"{seen} ran by itself ({_phases(case)}); nothing was typed, so whether prompts stay "
            f"on this machine was not tested{_also(below, policy)}."
        )
    answers = sum(bool(answer.answer.strip()) for answer in case.answers) or len(case.answers)
    unproven = ", which was accepted without proof" if case.coverage.answer_contains_marker is None else ""
    return f"{seen} ran and answered {plural(answers, 'prompt')}{unproven}{_also(below, policy)}."


def _phases(case: Case) -> str:
    ran = {phase.name for phase in case.run.phases}
    return ", ".join(name for name in APP_PHASES if name in ran) or "no phase was recorded"


def _also(below: int, policy: Policy) -> str:
    return f"; {plural(below, 'finding')} below {policy.fail_on} to read about" if below else ""


def _coverage(case: Case) -> str:
    """What the verdict rests on, in numbers."""
    coverage = case.coverage
    proven = sum(control.proven for control in coverage.controls)
    return (
        f"Coverage: {plural(coverage.flows_total, 'flow')}, "
        f"{coverage.flows_attributed:,} with their process, {coverage.flows_decrypted:,} read, "
        f"{coverage.flows_opaque:,} unreadable; "
        f"{plural(coverage.packets_captured, 'packet')} captured, {coverage.packets_dropped:,} dropped; "
        f"{proven} of {plural(len(coverage.controls), 'control channel')} proven; "
        f"{case.run.duration_s:.0f} s, mode {case.run.mode}, assurance {case.run.assurance}{_reduced(case)}."
    )


def _reduced(case: Case) -> str:
    reasons = printable(" ".join(case.run.reduced_by)).rstrip(". ")
    return f" ({reasons})" if reasons else ""


def _paired(case: Case) -> list[str]:
    """What paired runs showed; what they did not settle is said among the doubts."""
    return [answer(case.dependence)] if case.dependence is not None and not case.dependence.reason else []


def _doubts(doubts: Sequence[Doubt], *, failed: bool) -> list[str]:
    """Every doubt with its fix; the first was said already unless the run failed."""
    spoken = [f"{sentence(doubt.text)} {doubt.fix}".strip() for doubt in doubts]
    if failed and doubts:
        return ["Coverage was partial, so there may be more than was found.", *spoken]
    return [doubts[0].fix, *spoken[1:]] if doubts and doubts[0].fix else spoken[1:]
