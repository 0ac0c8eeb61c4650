from __future__ import annotations

import pytest

from auditor.judge.wording import plural
from auditor.judge.wording import sentence


@pytest.mark.parametrize(("count", "text"), [(0, "0 flows"), (1, "1 flow"), (2000, "2,000 flows")])
def test_numbers_carry_their_noun(count, text):
    assert plural(count, "flow") == text


@pytest.mark.parametrize(
    ("clause", "text"), [("it is so", "It is so."), ("It is so.", "It is so."), ("3 lost", "3 lost.")]
)
def test_a_clause_becomes_a_sentence(clause, text):
    assert sentence(clause) == text
