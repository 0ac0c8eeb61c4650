"""The ten local-first principles, and what one run can say about each.

Not a scorecard: what this version cannot test is `not-tested` with the reason, never a pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.judge.doubts import PROMPTS_STAY
from auditor.judge.rulefile import Need
from auditor.judge.wording import sentence
from auditor.model.finding import Outcome
from auditor.model.finding import PrincipleResult
from auditor.model.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from auditor.judge.doubts import Doubt
    from auditor.model.case import Case
    from auditor.model.finding import Finding

FAILS_FROM = Severity.MEDIUM
"""Lesser findings are listed under a principle and do not fail it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principle:
    """One principle."""

    number: int
    id: str
    title: str
    meaning: str
    """In one line, to the user."""
    needs: tuple[Need, ...]
    """What must have been observed or exercised before it can pass."""
    limit: str = ""
    """What a run of this version cannot test, so that it never passes; empty when it can."""


PRINCIPLES: tuple[Principle, ...] = (
    Principle(
        number=1, id="offline-by-default", title="Offline by default",
        meaning="It works without a network and contacts nobody you did not name.",
        needs=(Need.FLOWS, Need.LOOKUPS),
    ),
    Principle(
        number=PROMPTS_STAY, id="prompts-stay", title="Prompts stay on the device",
        meaning="What you type, and what comes back, is sent to nobody.",
        needs=(Need.FLOWS, Need.LOOKUPS, Need.PROMPTS),
    ),
    Principle(
        number=3, id="no-accounts", title="No accounts",
        meaning="You use it without telling anybody who you are.",
        needs=(Need.FLOWS, Need.PROMPTS),
    ),
    Principle(
        number=4, id="explicit-saving", title="Saving is explicit",
        meaning="What you type is written to disk when you ask for it, not before.",
        needs=(Need.FILES, Need.PROMPTS),
    ),
    Principle(
        number=5, id="optional-cloud", title="The cloud is optional",
        meaning="It answers with the model on your machine and does not turn to one elsewhere.",
        needs=(Need.FLOWS, Need.PROMPTS),
    ),
    Principle(
        number=6, id="private-by-architecture", title="Privacy by architecture",
        meaning="Nothing that tells about you or your use is collected, so nothing has to be turned off.",
        needs=(Need.FLOWS, Need.LOOKUPS, Need.LISTENERS),
    ),
    Principle(
        number=7, id="cost-does-not-scale", title="Cost does not scale with use",
        meaning="A thousand prompts cost you what one costs: your own electricity.",
        needs=(Need.FLOWS, Need.PROMPTS),
        limit="paid services are recognised when they are contacted, but prices and quotas are not tested",
    ),
    Principle(
        number=8, id="instruments-not-databases", title="Instruments, not databases",
        meaning="It does its work and keeps no record of you afterwards.",
        needs=(Need.FILES, Need.PROMPTS),
    ),
    Principle(
        number=9, id="trust-through-constraints", title="Trust through constraints",
        meaning="What it can do is bounded: nobody changes it from outside, and it tries no other doors.",
        needs=(Need.FLOWS, Need.ATTEMPTS, Need.LISTENERS),
    ),
    Principle(
        number=10, id="user-in-control", title="Control stays with the user",
        meaning="What you switch off stays off, and nobody but you can reach it.",
        needs=(Need.FLOWS, Need.LISTENERS),
        limit="its switches are not exercised: audit it again with each switch set",
    ),
)  # fmt: skip


def judge_principles(
    case: Case, findings: Sequence[Finding], doubts: Sequence[Doubt], missing: Mapping[Need, str]
) -> tuple[PrincipleResult, ...]:
    """One result for each principle.

    Args:
        case: What was judged.
        findings: With the principles that their rules speak to.
        doubts: Why finding nothing might prove nothing.
        missing: Evidence that the case lacks, with reasons.
    """
    return tuple(_judge(principle, case, findings, doubts, missing) for principle in PRINCIPLES)


def _judge(
    principle: Principle,
    case: Case,
    findings: Sequence[Finding],
    doubts: Sequence[Doubt],
    missing: Mapping[Need, str],
) -> PrincipleResult:
    speaking = [one for one in findings if principle.number in one.principles and one.suppressed is None]
    failing = [one for one in speaking if one.severity.rank >= FAILS_FROM.rank]
    outcome, note = (Outcome.FAIL, "") if failing else _unfailed(principle, case, doubts, missing)
    return PrincipleResult(
        number=principle.number,
        id=principle.id,
        title=principle.title,
        outcome=outcome,
        findings=tuple(one.fingerprint for one in speaking),
        note=sentence(note) if note else "",
    )


def _unfailed(
    principle: Principle, case: Case, doubts: Sequence[Doubt], missing: Mapping[Need, str]
) -> tuple[Outcome, str]:
    """What a principle is without a finding against it, and why."""
    if Need.PROMPTS in principle.needs and case.run.driver == "none" and not case.coverage.prompted:
        return Outcome.NOT_TESTED, "nothing was typed into the app"
    doubt = next((doubt for doubt in doubts if doubt.principle in {0, principle.number}), None)
    if doubt is not None:
        return Outcome.INCONCLUSIVE, doubt.text
    lacking = next((missing[need] for need in principle.needs if need in missing), "")
    if lacking:
        return Outcome.INCONCLUSIVE, lacking
    return (Outcome.NOT_TESTED, principle.limit) if principle.limit else (Outcome.PASS, "")
