"""What `--paired` accepts, and how runs are made until the question is settled."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from auditor.classify.pairs.dependence import Decision
from auditor.classify.pairs.dependence import failed
from auditor.cli import pairing
from auditor.errors import BoxUnavailable
from auditor.errors import UsageError
from auditor.evidence import pairs
from auditor.evidence import store
from auditor.record.recording import Recorded
from auditor.record.settings import Settings


def test_without_it_nothing_is_paired():
    assert pairing.wish_from("", 0.001, "none") is None


def test_a_number_of_runs_and_auto():
    assert pairing.wish_from("12", 0.001, "auto") == pairing.Wish(most=12, error_rate=0.001, if_unread=False)
    assert pairing.wish_from("auto", 0.001, "argv") == pairing.Wish(most=24, error_rate=0.001, if_unread=True)


@pytest.mark.parametrize("text", ["6", "0", "-7", "seven", "7.5"])
def test_too_few_runs_or_no_number_are_refused_with_the_least(text):
    with pytest.raises(UsageError, match="from 7 on"):
        pairing.wish_from(text, 0.001, "auto")


def test_a_stricter_rate_needs_more_runs():
    with pytest.raises(UsageError, match="from 9 on"):
        pairing.wish_from("8", 0.0001, "auto")


@pytest.mark.parametrize("driver", ["none", "manual"])
def test_a_driver_that_does_not_type_is_refused(driver):
    with pytest.raises(UsageError, match=driver):
        pairing.wish_from("24", 0.001, driver)


@pytest.fixture
def main(tmp_path):
    return store.create(tmp_path / "main")


@pytest.fixture
def made(monkeypatch):
    """Recordings that take no time; `made.ends` says how each ends."""

    class Made:
        def __init__(self):
            self.settings: list[Settings] = []
            self.ends: dict[int, int | Exception] = {}
            self.final_after = 3

    made = Made()

    def record(settings):
        made.settings.append(settings)
        end = made.ends.get(len(made.settings), 0)
        if isinstance(end, Exception):
            raise end
        return Recorded(directory=store.create(settings.out), exit_code=end)

    class Runs:
        def __init__(self, plan):
            self.plan, self.read = plan, 0

        def add(self, _directory):
            self.read += 1

        def decision(self):
            return Decision(failed(self.plan, [], "x"), final=self.read == made.final_after)

    monkeypatch.setattr("auditor.record.recording.record", record)
    monkeypatch.setattr("auditor.classify.pairs.paired.PairedRuns", Runs)
    return made


SETTINGS = Settings(command=("true",), out=Path("/nowhere"))
WISH = pairing.Wish(most=24, error_rate=0.001, if_unread=False)


def test_runs_are_made_until_it_is_settled(main, made, capsys):
    assert pairing.record_pairs(SETTINGS, main, WISH) == 0
    assert [one.out.name for one in made.settings] == ["p01", "p02", "p03"]
    plan = pairs.read_plan(main)
    assert [one.silent for one in made.settings] == [label == "silent" for label in plan.order[:3]]
    assert pairs.changed(main) == ()  # sealed
    assert "at most 24, looked at after 7, 10, 14, 18 prompts" in capsys.readouterr().err


def test_never_more_than_asked_for(main, made):
    made.final_after = 99
    pairing.record_pairs(SETTINGS, main, WISH)
    assert len(made.settings) == 24


def test_a_signal_ends_all_of_them(main, made):
    made.ends[2] = 128 + signal.SIGINT
    assert pairing.record_pairs(SETTINGS, main, WISH) == 130
    assert len(made.settings) == 2
    assert pairs.changed(main) == ()


def test_a_box_that_cannot_be_built_is_told_and_judged(main, made, capsys):
    made.ends[2] = BoxUnavailable("No box.", fix="Try.")
    assert pairing.record_pairs(SETTINGS, main, WISH) == 0
    assert "could not be finished" in capsys.readouterr().err


def test_the_users_prompt_is_used(main, made):
    settings = Settings(command=("true",), out=Path("/nowhere"), prompts=("Tell me of {canary}!", "another"))
    pairing.record_pairs(settings, main, WISH)
    assert all(prompt.text.startswith("Tell me of ") for prompt in pairs.read_plan(main).prompts)
