"""Paired runs of a run directory: each is looked at, and one that cannot be used ends it."""

from __future__ import annotations

import dataclasses

import pytest

from auditor.classify.case import classify
from auditor.classify.pairs.paired import PairedRuns
from auditor.classify.pairs.paired import dependence_in
from auditor.classify.pairs.paired import fault_of
from auditor.classify.pairs.paired import with_pairs
from auditor.evidence import pairs
from auditor.evidence import store
from auditor.evidence.bodies import BodyStore
from auditor.evidence.journal import Journal
from auditor.model import observation as o
from auditor.model.coverage import ControlResult
from auditor.model.coverage import Gap
from auditor.model.paired import DependenceOutcome
from auditor.record.pairs import draw

BOX, FAR = "192.168.77.23", "198.18.0.5"


@pytest.fixture
def main(tmp_path):
    return store.create(tmp_path / "main")


@pytest.fixture
def record(main, frames):
    """`record(plan, number, sent)`: a paired run whose app sent so many bytes after its prompt."""

    def make(plan, number, sent, *, answer="velka-zofin-4821", close=True):
        directory = store.create(pairs.folder(main, number))
        run = frames.builder(directory, Journal(directory.events), BodyStore(directory.bodies))
        run.open()
        run.process("10.1")
        run.phase("prompt")
        text = next((one.text for one in plan.prompts if one.label == plan.order[number]), "")
        run.prompt(text, answer)
        run.close(run.flow("10.1", FAR), "raw", bytes_out=sent)
        packet = frames.tcp(BOX, run.ports, FAR, 443, bytes(sent))
        run.capture(packet)
        run.packets(1)
        control(run, frames)
        if close:
            run.seal()
        run.journal.close()
        return directory

    return make


def control(run, frames):
    run.phase("stop")
    run.phase("control")
    run.process("77.1", role="control")
    token = run.canary("c0123456789abcdef0123", kind="control", id_="control-dns")
    run.lookup("77.1", f"{token}.example", role="control")
    run.write(o.ControlSent(channel="dns", token="control-dns", ok=True))


@pytest.fixture
def plan(main):
    drawn = draw(24, 0.001, seed="1")
    pairs.write_plan(main, drawn)
    return drawn


def length_of(plan, number):
    return len(next(one.text for one in plan.prompts if one.label == plan.order[number]))


def test_without_a_plan_there_is_nothing_to_say(main):
    assert dependence_in(main) is None


def test_sizes_that_follow_the_prompt_are_decided_from_the_directories(main, plan, record):
    for number in range(7):
        record(plan, number, 28 + length_of(plan, number))
    pairs.seal(main)
    answer = dependence_in(main)
    assert (answer.outcome, answer.runs) == (DependenceOutcome.DEPENDS, 7), answer.reason
    assert answer.effects[0].detail.startswith("about 1 for each byte typed, and 28")


def test_the_case_carries_the_answer(main, plan, record, run):
    for number in range(7):
        record(plan, number, 28 + length_of(plan, number))
    pairs.seal(main)
    case = classify(run.seal())
    assert case.dependence is None
    assert with_pairs(case, main).dependence == dependence_in(main)


def test_a_changed_run_settles_nothing(main, plan, record):
    for number in range(7):
        record(plan, number, 28 + length_of(plan, number))
    pairs.seal(main)
    manifest = pairs.recorded(main, plan)[3].manifest
    manifest.write_text(manifest.read_text() + " ")
    answer = dependence_in(main)
    assert (answer.outcome, answer.effects) == (DependenceOutcome.INCONCLUSIVE, ())
    assert "p04/run.json" in answer.reason


def test_a_run_without_an_answer_ends_it(main, plan, record):
    record(plan, 0, 100)
    record(plan, 1, 100, answer=None)
    pairs.seal(main)
    answer = dependence_in(main)
    assert answer.outcome is DependenceOutcome.INCONCLUSIVE
    assert "paired run 2 could not be used" in answer.reason
    assert "no answer" in answer.reason


def test_an_unsealed_run_ends_it(main, plan, record):
    record(plan, 0, 100, close=False)
    pairs.seal(main)
    assert "interrupted" in dependence_in(main).reason


def test_runs_that_ended_early_say_so(main, plan, record):
    record(plan, 0, 100)
    pairs.seal(main)
    assert "after 1 of 24" in dependence_in(main).reason


def test_another_run_is_wanted_until_it_is_decided(plan, record):
    runs = PairedRuns(plan)
    for number in range(7):
        assert not runs.decision().final
        runs.add(record(plan, number, 28 + length_of(plan, number)))
    assert runs.decision().final


@pytest.fixture
def sound(plan, record):
    case = classify(record(plan, 0, 100))
    assert fault_of(case, silent=False) == ""
    return case


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"prompted": False}, "could not be prompted"),
        ({"answered": False}, "no answer"),
        ({"controls": ()}, "control was not seen"),
        ({"controls": (ControlResult(channel="tcp", seen=False, attributed=False),)}, "(tcp)"),
        ({"gaps": (Gap(text="3 packets were dropped.", blinds=True),)}, "3 packets were dropped"),
    ],
)
def test_what_makes_a_run_useless(sound, changes, fault):
    case = dataclasses.replace(sound, coverage=dataclasses.replace(sound.coverage, **changes))
    assert fault in fault_of(case, silent=False)


def test_of_a_silent_run_no_answer_is_asked(sound):
    coverage = dataclasses.replace(sound.coverage, prompted=False, answered=False)
    assert fault_of(dataclasses.replace(sound, coverage=coverage), silent=True) == ""


def test_what_could_not_be_read_is_no_fault(sound):
    gap = Gap(text="A body was cut.", blinds=True, principle=2)
    coverage = dataclasses.replace(sound.coverage, gaps=(gap,))
    assert fault_of(dataclasses.replace(sound, coverage=coverage), silent=False) == ""
