from __future__ import annotations

import itertools
import re

import pytest

from auditor.judge.doubts import Doubt
from auditor.judge.policy import Policy
from auditor.judge.verdict import decide
from auditor.model.finding import Confidence
from auditor.model.finding import Finding
from auditor.model.finding import Outcome
from auditor.model.finding import Suppressed
from auditor.model.flow import Destination
from auditor.model.severity import Severity


def finding(severity, **changes):
    parts = {
        "rule": "EGR001", "title": "Contacts a host that nobody declared", "severity": severity,
        "confidence": Confidence.HIGH, "phase": "idle", "message": "m", "remedy": "r", "process": None,
        "destination": Destination(domain="stats.example", ip="198.18.0.1", port=443),
        "evidence": ("events.jsonl:1",), "fingerprint": "ab" * 8,
    }  # fmt: skip
    return Finding(**(parts | changes))


HIGH = finding(Severity.HIGH)
LOW = finding(Severity.LOW)
DOUBT = Doubt(text="3 packets were dropped", fix="Run `audit doctor`.")
VOID = Doubt(text="the evidence was altered: events.jsonl", fix="Record it again.", voids=True)


@pytest.mark.parametrize(
    ("findings", "doubts", "outcome", "code"),
    [
        ((), (), Outcome.PASS, 0),
        ((LOW,), (), Outcome.PASS, 0),
        ((HIGH,), (), Outcome.FAIL, 1),
        ((HIGH,), (DOUBT,), Outcome.FAIL, 1),
        ((HIGH,), (VOID, DOUBT), Outcome.INCONCLUSIVE, 3),
        ((), (VOID,), Outcome.INCONCLUSIVE, 3),
        ((LOW,), (DOUBT,), Outcome.INCONCLUSIVE, 3),
        (
            (finding(Severity.CRITICAL, suppressed=Suppressed(reason="known", expires="")),),
            (),
            Outcome.PASS,
            0,
        ),
    ],
)
def test_fail_goes_before_inconclusive_before_pass(case, findings, doubts, outcome, code):
    verdict = decide(case(), findings, doubts, Policy())
    assert (verdict.outcome, verdict.exit_code) == (outcome, code)


@pytest.mark.parametrize("fail_on", list(Severity))
def test_the_threshold_is_the_users(case, fail_on):
    for severity in Severity:
        verdict = decide(case(), (finding(severity),), (), Policy(fail_on=fail_on))
        assert (verdict.outcome is Outcome.FAIL) == (severity.rank >= fail_on.rank)


def test_the_first_reason_says_it_in_one_sentence(case):
    first = decide(case(), (HIGH, HIGH, LOW), (), Policy()).reasons[0]
    assert first == (
        "Fail: the app contacts a host that nobody declared (EGR001, first seen: stats.example:443); "
        "1 more finding at or above high; 1 finding below high to read about."
    )


def test_a_pass_says_what_it_is_worth(case):
    first, coverage = decide(case(), (LOW,), (), Policy()).reasons
    assert first.startswith("Pass: within the stated coverage")
    assert "answered 1 prompt" in first
    assert "1 finding below high" in first
    assert "120 packets captured, 0 dropped" in coverage
    assert "6 of 6 control channels proven" in coverage


def test_a_pass_without_a_prompt_says_that_nothing_was_typed(case):
    first = decide(case(run__driver="none", coverage__prompted=False), (), (), Policy()).reasons[0]
    assert "nothing was typed" in first
    assert "start, idle" in first


def test_a_pass_on_trust_says_so(case):
    assert (
        "accepted without proof"
        in decide(case(coverage__answer_contains_marker=None), (), (), Policy()).reasons[0]
    )


def test_a_fail_with_partial_coverage_says_so(case):
    reasons = decide(case(), (HIGH,), (DOUBT,), Policy()).reasons
    assert "Coverage was partial, so there may be more than was found." in reasons
    assert "3 packets were dropped. Run `audit doctor`." in reasons


def test_an_inconclusive_run_says_why_and_what_to_do(case):
    reasons = decide(case(), (), (DOUBT, Doubt(text="x happened")), Policy()).reasons
    assert reasons[0] == "Inconclusive: 3 packets were dropped."
    assert reasons[2:] == ("Run `audit doctor`.", "X happened.")


def test_no_reason_promises(case):
    cases = [case(), case(coverage__prompted=False, run__driver="none")]
    for one, found, doubts in itertools.product(cases, [(), (LOW,), (HIGH, LOW)], [(), (DOUBT,)]):
        text = " ".join(decide(one, found, doubts, Policy()).reasons)
        assert not re.search(r"\b(safe|clean|secure)\b", text, re.IGNORECASE)
