"""What paired runs mean: sentences with their power, findings, and doubts that go or stay."""

from __future__ import annotations

import dataclasses

import pytest

from auditor.judge import paired
from auditor.judge.engine import judge
from auditor.judge.policy import Policy
from auditor.model.finding import Outcome
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.paired import Dependence
from auditor.model.paired import DependenceOutcome
from auditor.model.paired import Effect
from auditor.model.paired import Family
from auditor.model.severity import Severity

SIZE = Effect(
    family=Family.LENGTH, measure="bytes sent", destination="x.example port 443/tcp", chance=0.0002,
    detail="about 1 for each byte typed, and 28 besides",
)  # fmt: skip
CLEAR = Dependence(
    outcome=DependenceOutcome.INDEPENDENT, effects=(), runs=18, typed=14, most=24, error_rate=0.001, tests=(),
    reason="", power="With 14 prompts, such and such is found.", most_unread=600, longest_prompt=2300,
)  # fmt: skip
LEAK = dataclasses.replace(CLEAR, outcome=DependenceOutcome.DEPENDS, effects=(SIZE,), runs=7, typed=7)


def with_family(family):
    effect = dataclasses.replace(SIZE, family=family)
    outcome = DependenceOutcome.INDEPENDENT if family is Family.USE else DependenceOutcome.DEPENDS
    return dataclasses.replace(LEAK, effects=(effect,), outcome=outcome)


@pytest.fixture
def judged(case, flow, bundled):
    """`judged(dependence)`: a declared host, and content that could not be read."""

    def make(dependence):
        sealed = flow(visibility=Visibility.OPAQUE, requests=(), declared=True, purpose=Purpose.UNKNOWN)
        made = case(flows=(sealed,), dependence=dependence, coverage__flows_total=1, coverage__flows_opaque=1)
        return judge(made, bundled, Policy(fail_on=Severity.HIGH))

    return make


def found(judgement):
    return {finding.rule for finding in judgement.findings} & {"CAN020", "CAN021", "CAN022"}


def principle(judgement, number=2):
    return judgement.principles[number - 1].outcome


def test_without_paired_runs_what_could_not_be_read_stays_open(judged):
    judgement = judged(None)
    assert judgement.verdict.outcome is Outcome.INCONCLUSIVE
    assert principle(judgement) is Outcome.INCONCLUSIVE
    outcomes = {rule.rule: rule for rule in judgement.rules}
    assert outcomes["CAN020"].outcome == "not-available"
    assert "--paired" in outcomes["CAN020"].note


def test_what_does_not_depend_clears_it_with_the_power_stated(judged):
    judgement = judged(CLEAR)
    assert (judgement.verdict.outcome, principle(judgement)) == (Outcome.PASS, Outcome.PASS)
    said = " ".join(judgement.verdict.reasons)
    assert (
        "was not seen to depend on what was typed (18 paired runs of at most 24, at an error rate of 0.001)"
        in said
    )
    assert CLEAR.power in said
    assert "more than 600 bytes that could not be read; the longest prompt had 2,300" in said


def test_what_depends_fails_and_is_quoted(judged):
    judgement = judged(LEAK)
    assert (judgement.verdict.outcome, principle(judgement)) == (Outcome.FAIL, Outcome.FAIL)
    (finding,) = [one for one in judgement.findings if one.rule == "CAN020"]
    assert finding.severity is Severity.HIGH
    assert finding.message == (
        "bytes sent (x.example port 443/tcp) goes with the length of what is typed: "
        "about 1 for each byte typed, and 28 besides (7 paired runs)"
    )


@pytest.mark.parametrize(
    ("family", "rule"),
    [
        (Family.LENGTH, "CAN020"),
        (Family.WORDS, "CAN020"),
        (Family.TIME_LENGTH, "CAN021"),
        (Family.TIME_WORDS, "CAN021"),
        (Family.USE, "CAN022"),
    ],
)
def test_each_question_has_its_rule(judged, family, rule):
    assert found(judged(with_family(family))) == {rule}


def test_only_the_time_depends_is_no_clearance(judged):
    judgement = judged(with_family(Family.TIME_LENGTH))
    assert judgement.verdict.outcome is Outcome.INCONCLUSIVE
    assert principle(judgement) is Outcome.FAIL


def test_that_it_is_used_says_nothing_of_what_was_typed(judged):
    judgement = judged(with_family(Family.USE))
    assert (judgement.verdict.outcome, principle(judgement)) == (Outcome.PASS, Outcome.PASS)
    assert principle(judgement, 6) is not Outcome.FAIL  # low: told, and no failure
    assert "But it shows whether anything is typed: bytes sent" in " ".join(judgement.verdict.reasons)


@pytest.mark.parametrize("outcome", [DependenceOutcome.UNDECIDED, DependenceOutcome.INCONCLUSIVE])
def test_what_settled_nothing_is_said_and_clears_nobody(judged, case, bundled, outcome):
    unsettled = dataclasses.replace(CLEAR, outcome=outcome, reason="the box fell over")
    for judgement in (
        judged(unsettled),
        judge(case(dependence=unsettled), bundled, Policy(fail_on=Severity.HIGH)),
    ):
        assert judgement.verdict.outcome is Outcome.INCONCLUSIVE
        assert principle(judgement) is Outcome.INCONCLUSIVE
        assert "the box fell over" in " ".join(judgement.verdict.reasons)
        assert not found(judgement)


def test_a_sentence_names_the_clearest_effects_and_counts_the_rest():
    many = dataclasses.replace(LEAK, effects=(SIZE,) * 5)
    assert paired.answer(many).count("bytes sent") == 3
    assert paired.answer(many).endswith("; and 2 more.")


def test_an_effect_on_everything_names_no_host():
    effect = dataclasses.replace(SIZE, destination="", detail="", family=Family.WORDS)
    assert paired.effect_text(effect) == "bytes sent goes with the words that are typed"


def test_hosts_are_printed_safely():
    effect = dataclasses.replace(SIZE, destination="x\x1b[2J.example")
    assert "\x1b" not in paired.effect_text(effect)
