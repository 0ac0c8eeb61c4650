from __future__ import annotations

import pytest

from auditor.judge.engine import judge
from auditor.judge.policy import Policy
from auditor.judge.principles import PRINCIPLES
from auditor.judge.ruleset import RuleSet
from auditor.model.coverage import Gap
from auditor.model.file import FileChange
from auditor.model.file import Listener
from auditor.model.finding import Outcome
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.run import Declared


@pytest.fixture
def outcomes(bundled):
    return lambda case: {one.number: one.outcome for one in judge(case, bundled, Policy()).principles}


def test_there_are_ten_and_each_has_rules_that_speak_to_it(bundled):
    assert [one.number for one in PRINCIPLES] == list(range(1, 11))
    spoken = {number for rule in bundled.rules for number in rule.principles}
    assert spoken == set(range(1, 11))


def test_a_run_without_findings_passes_what_it_can_test(case, outcomes):
    found = outcomes(case())
    assert [number for number, outcome in found.items() if outcome is Outcome.PASS] == [
        1,
        2,
        3,
        4,
        5,
        6,
        8,
        9,
    ]
    assert found[7] is found[10] is Outcome.NOT_TESTED


def test_what_cannot_be_tested_says_why(case, bundled):
    notes = {one.number: one.note for one in judge(case(), bundled, Policy()).principles}
    assert "prices" in notes[7]
    assert "switches" in notes[10]


def test_without_a_prompt_the_prompt_principles_are_not_tested(case, outcomes):
    found = outcomes(
        case(run__driver="none", coverage__prompted=False, coverage__answer_contains_marker=None)
    )
    assert {number for number, outcome in found.items() if outcome is Outcome.NOT_TESTED} == {
        2,
        3,
        4,
        5,
        7,
        8,
        10,
    }
    assert found[1] is Outcome.PASS


def test_a_driver_that_could_not_prompt_leaves_everything_open(case, outcomes):
    assert set(outcomes(case(coverage__prompted=False)).values()) == {Outcome.INCONCLUSIVE}


def test_an_unreadable_flow_leaves_the_prompt_principle_open_and_no_other(case, flow, outcomes):
    opaque = flow(visibility=Visibility.OPAQUE, requests=(), declared=True)
    found = outcomes(case(flows=(opaque,), run__declared=(Declared(host="stats.vendor.example"),)))
    assert [number for number, outcome in found.items() if outcome is Outcome.INCONCLUSIVE] == [2]


def test_a_prompt_where_it_was_declared_passes_the_run_and_not_the_principle(case, flow, sighted, bundled):
    declared = (Declared(host="stats.vendor.example", purpose="cloud-inference"),)
    sent = case(flows=(flow(declared=True),), canaries=(sighted(),), run__declared=declared)
    hidden = case(
        flows=(flow(declared=True, requests=(), visibility=Visibility.OPAQUE),), run__declared=declared
    )
    for one, outcome in ((sent, Outcome.FAIL), (hidden, Outcome.INCONCLUSIVE)):
        judgement = judge(one, bundled, Policy())
        assert judgement.verdict.outcome is Outcome.PASS
        assert judgement.principles[1].outcome is outcome


def test_a_gap_of_one_principle_leaves_that_one_open(case, outcomes):
    found = outcomes(case(coverage__gaps=(Gap(text="x", blinds=True, principle=4),)))
    assert [number for number, outcome in found.items() if outcome is Outcome.INCONCLUSIVE] == [4]


def test_findings_fail_the_principles_that_their_rules_speak_to(case, flow, exchange, outcomes):
    cloud = flow(purpose=Purpose.CLOUD_INFERENCE, requests=(exchange(purpose=Purpose.CLOUD_INFERENCE),))
    found = outcomes(case(flows=(cloud,)))
    assert {number for number, outcome in found.items() if outcome is Outcome.FAIL} == {1, 2, 5, 7}


def test_a_minor_finding_is_listed_and_fails_nothing(case, bundled, owner):
    change = FileChange(
        path="/home/someone/x", change="created", bytes=1, process=owner(), canaries=(), metadata=()
    )
    saving = next(
        one for one in judge(case(files=(change,)), bundled, Policy()).principles if one.number == 4
    )
    assert saving.outcome is Outcome.PASS
    assert len(saving.findings) == 1


def test_an_open_port_fails_control_even_where_control_is_not_tested(case, owner, outcomes):
    listener = Listener(address="0.0.0.0", port=80, process=owner(), exposure="all-interfaces")
    assert outcomes(case(listeners=(listener,)))[10] is Outcome.FAIL


def test_principles_are_judged_without_any_rule(case):
    nothing = RuleSet(rules=(), remedies=(), digest="")
    assert len(judge(case(), nothing, Policy()).principles) == 10
