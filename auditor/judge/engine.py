"""Judging a case: rules over its records, then principles, then the verdict.

Not a place for opinions: what matters is in the rule files, what a run must prove is in `doubts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.judge.assurance import assurance_doubts
from auditor.judge.doubts import doubts_about
from auditor.judge.facts import facts_of
from auditor.judge.findings import find
from auditor.judge.needs import missing_needs
from auditor.judge.principles import judge_principles
from auditor.judge.rulefile import Lifecycle
from auditor.judge.verdict import decide
from auditor.model.finding import Finding
from auditor.model.finding import Judgement
from auditor.model.finding import RuleOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.judge.facts import Facts
    from auditor.judge.policy import Policy
    from auditor.judge.rule import Rule
    from auditor.judge.rulefile import Need
    from auditor.judge.ruleset import RuleSet
    from auditor.model.case import Case


def judge(case: Case, rules: RuleSet, policy: Policy) -> Judgement:
    """Everything that can be said about a case.

    A rule that breaks does not stop the others: it becomes an outcome of its own, and the run inconclusive.
    """
    facts = facts_of(case)
    missing = missing_needs(case)
    used = [rule for rule in rules.rules if rule.lifecycle is not Lifecycle.DEPRECATED]
    results = [_apply(rule, facts, missing, rules) for rule in used]
    findings = tuple(sorted((one for found, _ in results for one in found), key=_gravest_first))
    outcomes = tuple(outcome for _, outcome in results)
    doubts = (*assurance_doubts(case.run, policy.min_assurance), *doubts_about(case, outcomes))
    return Judgement(
        verdict=decide(case, findings, doubts, policy),
        principles=judge_principles(case, findings, doubts, missing),
        findings=findings,
        rules=outcomes,
        rules_digest=rules.digest,
    )


def _gravest_first(finding: Finding) -> tuple[int, str, str]:
    return (-finding.severity.rank, finding.rule, finding.fingerprint)


def _apply(
    rule: Rule, facts: Facts, missing: Mapping[Need, str], rules: RuleSet
) -> tuple[tuple[Finding, ...], RuleOutcome]:
    """What one rule finds, and its outcome; what it finds counts even when some evidence is missing."""
    try:
        found = tuple(find(rule, facts[rule.each], rules.remedies))
    except Exception as error:  # noqa: BLE001 - whatever breaks a stranger's rule is a result, not a crash
        return (), _outcome(rule, "error", f"{type(error).__name__}: {error}")
    lacking = [missing[need] for need in rule.needs if need in missing]
    if found:
        return found, _outcome(rule, "fail", "")
    return (), _outcome(rule, "not-available" if lacking else "pass", "; ".join(dict.fromkeys(lacking)))


def _outcome(rule: Rule, outcome: str, note: str) -> RuleOutcome:
    return RuleOutcome(rule=rule.id, title=rule.title, outcome=outcome, note=note)
