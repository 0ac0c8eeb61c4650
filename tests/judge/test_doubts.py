from __future__ import annotations

import pytest

from auditor.judge.doubts import doubts_about
from auditor.model.coverage import INTERRUPTED
from auditor.model.coverage import ControlResult
from auditor.model.coverage import Gap
from auditor.model.finding import RuleOutcome
from auditor.model.flow import Visibility
from auditor.model.run import Declared


def texts(case, outcomes=()):
    return [doubt.text for doubt in doubts_about(case, outcomes)]


def test_a_run_that_proved_itself_leaves_no_doubt(case, flow):
    assert texts(case(flows=(flow(),))) == []


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"run__sealed": False}, "interrupted"),
        ({"processes": ()}, "did not start"),
        ({"run__app_status": "signal 9"}, "signal 9"),
        ({"run__app_status": "exit 1", "coverage__answer_contains_marker": False}, "exit 1"),
        ({"coverage__prompted": False}, "could not be prompted"),
        ({"coverage__answered": False, "coverage__answer_contains_marker": False}, "gave no answer"),
        (
            {"coverage__answered": False, "coverage__answer_contains_marker": None, "answers": ()},
            "gave no answer",
        ),
        (
            {
                "run__app_status": "exit 127",
                "run__driver": "none",
                "coverage__prompted": False,
                "coverage__answer_contains_marker": None,
            },
            "exit 127",
        ),
        ({"coverage__answer_contains_marker": False}, "no answer shows the marker"),
        ({"coverage__controls": ()}, "no control of our own"),
        (
            {"coverage__controls": (ControlResult(channel="dns", seen=False, attributed=False),)},
            "not seen on: dns",
        ),
        (
            {"coverage__controls": (ControlResult(channel="tcp", seen=True, attributed=False),)},
            "not named on: tcp",
        ),
        ({"coverage__gaps": (Gap(text="3 packets were dropped.", blinds=True),)}, "3 packets were dropped"),
    ],
)
def test_each_condition_of_trust_is_asked(case, changes, part):
    found = texts(case(**changes))
    assert [text for text in found if part in text], found


@pytest.mark.parametrize(
    "changes",
    [
        {"run__app_status": "still running at the end"},
        {"run__app_status": "exit 1"},
        {"run__app_status": ""},
        {"coverage__answer_contains_marker": None, "coverage__answered": False},
        {"coverage__gaps": (Gap(text="2 bodies were cut", blinds=False),)},
        {"run__driver": "none", "coverage__prompted": False, "coverage__answered": False, "coverage__answer_contains_marker": None},
    ],
)  # fmt: skip
def test_what_takes_nothing_away_is_no_doubt(case, changes):
    assert texts(case(**changes)) == []


def test_an_interruption_is_told_once(case):
    found = texts(case(run__sealed=False, coverage__gaps=(Gap(text=INTERRUPTED, blinds=True),)))
    assert len([text for text in found if "interrupted" in text]) == 1


def test_altered_evidence_voids_what_was_found(case):
    doubt, *_ = doubts_about(case(run__altered=("events.jsonl", "bodies/1", "bodies/2", "bodies/3")), ())
    assert doubt.voids
    assert (
        "evidence was altered after the recording: events.jsonl, bodies/1, bodies/2 and 1 more" in doubt.text
    )


def test_a_gap_of_one_principle_is_a_doubt_about_that_principle(case):
    (doubt,) = doubts_about(case(coverage__gaps=(Gap(text="x", blinds=True, principle=4),)), ())
    assert doubt.principle == 4


def test_what_could_not_be_read_may_hold_what_was_typed(case, flow):
    opaque = flow(visibility=Visibility.OPAQUE, requests=())
    (doubt,) = doubts_about(case(flows=(opaque,)), ())
    assert doubt.principle == 2
    assert "1 flow to stats.vendor.example" in doubt.text
    assert texts(case(flows=(opaque,), run__driver="none", coverage__prompted=False)) == []


@pytest.mark.parametrize(
    ("purpose", "blinds"),
    [("cloud-inference", False), ("prompt-leak", False), ("telemetry", True), ("", True)],
)
def test_where_the_host_may_have_it_only_the_principle_is_open(case, flow, purpose, blinds):
    opaque = flow(visibility=Visibility.OPAQUE, requests=(), declared=True)
    declared = (Declared(host="*.vendor.example", purpose=purpose),)
    (doubt,) = doubts_about(case(flows=(opaque,), run__declared=declared), ())
    assert (doubt.blinds, doubt.principle) == (blinds, 2)


def test_a_broken_rule_is_a_doubt(case):
    broken = RuleOutcome(rule="XXX001", title="x", outcome="error", note="KeyError: 'a'")
    fine = RuleOutcome(rule="XXX002", title="x", outcome="not-available", note="no")
    (text,) = texts(case(), [broken, fine])
    assert "XXX001 broke (KeyError: 'a')" in text
