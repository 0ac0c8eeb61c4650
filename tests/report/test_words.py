from __future__ import annotations

import re

import pytest

from auditor.evidence import store
from auditor.model.finding import Outcome
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.paired import Family
from auditor.model.run import APP_PHASES
from auditor.model.run import Mode
from auditor.report import words


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (words.OUTCOMES, Outcome),
        (words.PURPOSES, Purpose),
        (words.VISIBILITIES, Visibility),
        (words.PHASES, APP_PHASES),
        (words.MODES, Mode),
        (words.PAIRED, Family),
    ],
)
def test_every_value_has_words(table, keys):
    assert set(table) == set(keys)


def test_outcomes_can_be_told_apart_without_colour():
    shown = list(words.OUTCOMES.values())
    assert len({item.word for item in shown}) == len(shown)
    assert len({item.symbol for item in shown}) == len(shown)
    assert all(item.ascii.isascii() for item in shown)


def test_every_raw_file_of_a_run_directory_is_explained():
    explained = {name for name, _ in words.EVIDENCE_FILES}
    assert {
        *store.RAW_FILES,
        "run.json",
        "bodies/",
        "files/",
        "pairs/",
        "result.json",
        "report.html",
    } == explained


def test_no_word_promises_more_than_was_observed():
    everything = repr(vars(words)).lower()
    assert not re.search(r"\b(safe|clean|spyware)\b", everything)
