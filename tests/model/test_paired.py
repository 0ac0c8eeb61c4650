"""The nouns of paired runs."""

from __future__ import annotations

import pytest

from auditor.model.paired import Dependence
from auditor.model.paired import DependenceOutcome
from auditor.model.paired import Effect
from auditor.model.paired import Family
from auditor.model.paired import PairedTest


@pytest.mark.parametrize(
    ("chance", "shows"), [(0.0001, True), (0.0002, True), (0.00021, False), (1.0, False)]
)
def test_a_look_shows_something_up_to_its_threshold(chance, shows):
    assert PairedTest(family=Family.LENGTH, runs=7, chance=chance, threshold=0.0002).shows is shows


def test_each_question_is_named_once_in_order():
    effects = tuple(
        Effect(family=family, measure="", destination="", chance=0.0, detail="")
        for family in (Family.WORDS, Family.LENGTH, Family.WORDS)
    )
    answer = Dependence(
        outcome=DependenceOutcome.DEPENDS, effects=effects, runs=7, typed=7, most=24, error_rate=0.001,
        tests=(), reason="", power="", most_unread=0, longest_prompt=0,
    )  # fmt: skip
    assert answer.families() == (Family.WORDS, Family.LENGTH)
