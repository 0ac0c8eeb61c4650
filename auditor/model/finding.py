"""Results of judging: findings, principles and the verdict."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.model.flow import Destination
from auditor.model.process import Owner
from auditor.model.severity import Severity


class Confidence(enum.StrEnum):
    """How sure a rule is of what it says."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Outcome(enum.StrEnum):
    """Verdict on a run or on a principle."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTED = "not-tested"
    """For principles only: the run did not exercise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Why a finding was accepted by the user."""

    reason: str
    expires: str
    """ISO date, empty for a baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing proven about the app."""

    rule: str
    title: str
    severity: Severity
    confidence: Confidence
    phase: str
    message: str
    remedy: str
    process: Owner | None
    destination: Destination | None
    evidence: tuple[str, ...]
    """References into the run directory, never empty: `events.jsonl:218`, `files/..`, `packets.pcapng`."""
    fingerprint: str
    """Equal for the same finding in another run of the same app; 16 hex digits."""
    suppressed: Suppressed | None = None
    principles: tuple[int, ...] = ()
    excerpt: str = ""
    """What was sent, redacted, with the match between `[[` and `]]`."""
    entity: str = ""
    subjects: tuple[str, ...] = ()
    """Ids of the flows, lookups, or paths of the files it is about."""
    count: int = 1
    """How many observations it stands for."""
    why: str = ""
    """Why a reader should care, from the rule's `why`; empty when the rule does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipleResult:
    """What this run says about one of the ten local-first principles."""

    number: int
    id: str
    title: str
    outcome: Outcome
    findings: tuple[str, ...]
    """Fingerprints."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """What one rule said about the run, also when it found nothing."""

    rule: str
    title: str
    outcome: str
    """`pass`, `fail`, `not-available` (its evidence is missing) or `error`."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer in one word, with its reasons."""

    outcome: Outcome
    exit_code: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Everything that judging adds to a case."""

    verdict: Verdict
    principles: tuple[PrincipleResult, ...]
    findings: tuple[Finding, ...]
    rules: tuple[RuleOutcome, ...]
    rules_digest: str
    """sha256 over the rule files, hex."""
