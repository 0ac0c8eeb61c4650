"""From a rule and the records it matches to findings, one for each group of like records.

Not the question which rules run, or what a run's findings mean: that is `auditor.judge.engine`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from auditor.judge.remedy import advice
from auditor.judge.template import fill
from auditor.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from auditor.judge.detection import Fields
    from auditor.judge.facts import Record
    from auditor.judge.field import Value
    from auditor.judge.remedy import Remedy
    from auditor.judge.rule import Rule

KEPT = 100
"""Evidence references and subjects that a finding carries; its `count` counts them all."""


def find(rule: Rule, records: Iterable[Record], remedies: Sequence[Remedy]) -> Iterator[Finding]:
    """Findings of one rule, in the order of what they were first seen in."""
    groups: dict[tuple[Value | None, ...], list[Record]] = {}
    for record in records:
        if rule.detection.holds(record.fields):
            alike = tuple(record.fields.get(name) for name in rule.fingerprint)
            groups.setdefault(alike, []).append(record)
    for group in groups.values():
        yield _finding(rule, group, remedies)


def fingerprint(rule: Rule, fields: Fields) -> str:
    """What is equal for the same finding in another run: 16 hex digits."""
    same = [rule.id, *([name, fields.get(name)] for name in rule.fingerprint)]
    return hashlib.sha256(msgspec.json.encode(same)).hexdigest()[:16]


def _finding(rule: Rule, group: Sequence[Record], remedies: Sequence[Remedy]) -> Finding:
    first = group[0]
    fields = tuple(record.fields for record in group)
    return Finding(
        rule=rule.id,
        title=rule.title,
        severity=rule.severity,
        confidence=rule.confidence,
        phase=first.phase,
        message=fill(rule.message, fields),
        remedy=advice(rule.remedy, remedies, fields),
        process=first.process,
        destination=first.destination,
        evidence=_some(ref for record in group for ref in record.evidence),
        fingerprint=fingerprint(rule, first.fields),
        principles=rule.principles,
        excerpt=next((record.excerpt for record in group if record.excerpt), ""),
        entity=first.entity,
        subjects=_some(record.subject for record in group if record.subject),
        count=len(group),
        why=rule.why,
    )


def _some(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:KEPT]
