"""Paired runs on the disk: the plan comes back as it was, and every change is noticed."""

from __future__ import annotations

import pytest

from auditor.evidence import pairs
from auditor.evidence import store
from auditor.model.paired import SILENT
from auditor.model.paired import PairedPlan
from auditor.model.paired import PairedPrompt

PLAN = PairedPlan(
    seed="00ff", most=8, error_rate=0.001, first=7,
    prompts=(PairedPrompt(label="p1", text="ein Äpfelchen", marker="velka-zofin-4821"),), order=("p1", SILENT),
)  # fmt: skip


@pytest.fixture
def main(tmp_path):
    return store.create(tmp_path / "run")


def make(main, number, *, seal=True):
    directory = store.create(pairs.folder(main, number))
    directory.events.write_text("")
    if seal:
        store.seal(directory, {"id": f"p{number}"})
    return directory


def test_the_plan_comes_back_as_it_was(main):
    assert pairs.read_plan(main) is None
    pairs.write_plan(main, PLAN)
    assert pairs.read_plan(main) == PLAN


def test_there_is_one_plan(main):
    pairs.write_plan(main, PLAN)
    with pytest.raises(FileExistsError):
        pairs.write_plan(main, PLAN)


def test_a_broken_plan_is_named(main):
    pairs.write_plan(main, PLAN)
    (main.root / pairs.FOLDER / pairs.PLAN).write_text('{"seed": 1}')
    with pytest.raises(ValueError, match=r"plan\.json"):
        pairs.read_plan(main)


def test_runs_are_found_up_to_the_first_that_was_not_made(main):
    pairs.write_plan(main, PLAN)
    assert pairs.recorded(main, PLAN) == []
    made = [make(main, 0), make(main, 1)]
    assert pairs.recorded(main, PLAN) == made
    assert [one.root.name for one in made] == ["p01", "p02"]


def test_a_change_after_the_seal_is_noticed(main):
    pairs.write_plan(main, PLAN)
    first = make(main, 0)
    assert pairs.changed(main)  # no seal yet
    pairs.seal(main)
    assert pairs.changed(main) == ()
    first.manifest.write_text("{}")
    assert pairs.changed(main) == ("p01/run.json",)
    first.manifest.unlink()
    assert pairs.changed(main) == ("p01/run.json",)


def test_an_added_run_is_noticed(main):
    pairs.write_plan(main, PLAN)
    pairs.seal(main)
    make(main, 0)
    assert pairs.changed(main) == ("p01/run.json",)


def test_a_broken_list_of_seals_is_named(main):
    pairs.write_plan(main, PLAN)
    (main.root / pairs.FOLDER / pairs.SEALS).write_text("[]")
    with pytest.raises(ValueError, match=r"seals\.json"):
        pairs.changed(main)


def test_paired_runs_are_no_raw_files_of_the_main_run(main):
    for name in store.RAW_FILES:
        (main.root / name).write_text("")
    store.seal(main, {})
    pairs.write_plan(main, PLAN)
    make(main, 0)
    assert store.verify(main) == ()
