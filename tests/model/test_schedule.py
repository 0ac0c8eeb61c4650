"""Looks at paired runs: their shares of the error rate add up, and each of them can be used."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.paired import Family
from auditor.model.schedule import DEFAULT_ERROR_RATE
from auditor.model.schedule import DEFAULT_RUNS
from auditor.model.schedule import fewest_runs
from auditor.model.schedule import schedule

RATES = st.floats(1e-6, 0.05)


@given(RATES, st.integers(0, 60))
def test_all_looks_together_spend_no_more_than_the_error_rate(rate, more):
    looks = schedule(fewest_runs(rate) + more, rate)
    assert math.fsum(cell.threshold for cell in looks.cells) <= rate * (1 + 1e-9)


@given(RATES, st.integers(0, 60))
def test_looks_rise_and_end_with_the_last_run(rate, more):
    looks = schedule(fewest_runs(rate) + more, rate)
    assert list(looks.looks) == sorted(set(looks.looks))
    assert (looks.looks[0], looks.looks[-1]) == (looks.first, looks.typed)
    assert {cell.typed for cell in looks.cells} <= set(looks.looks)
    assert looks.typed + looks.silent == looks.most


@given(RATES)
def test_the_first_look_has_orders_enough_to_show_something(rate):
    looks = schedule(fewest_runs(rate), rate)
    (cell,) = looks.cells
    assert cell.family is Family.LENGTH
    assert 1 / math.factorial(looks.first) <= cell.threshold * (1 + 1e-9)


def test_by_default_every_question_can_be_answered():
    looks = schedule(DEFAULT_RUNS, DEFAULT_ERROR_RATE)
    assert {cell.family for cell in looks.cells} == set(Family)
    assert looks.can_tell_use()
    assert not schedule(DEFAULT_RUNS - 1, DEFAULT_ERROR_RATE).can_tell_use()


def test_words_are_asked_for_when_prompts_come_again():
    looks = schedule(DEFAULT_RUNS, DEFAULT_ERROR_RATE)
    assert min(cell.typed for cell in looks.cells if cell.family is Family.WORDS) == 2 * looks.first


def test_a_look_is_a_row_of_the_table():
    looks = schedule(24, 0.001)
    assert [cell.family for cell in looks.at(7)] == [Family.LENGTH]
    assert [cell.family for cell in looks.at(10)] == [Family.LENGTH, Family.TIME_LENGTH]
    assert looks.at(8) == ()


def test_too_few_runs_are_refused():
    with pytest.raises(ValueError, match="at least 7"):
        schedule(6, 0.001)
