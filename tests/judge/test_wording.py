from __future__ import annotations

import pytest

from auditor.judge.wording import plural
from auditor.judge.wording import printable
from auditor.judge.wording import sentence


@pytest.mark.parametrize(("count", "text"), [(0, "0 flows"), (1, "1 flow"), (2000, "2,000 flows")])
def test_numbers_carry_their_noun(count, text):
    assert plural(count, "flow") == text


@pytest.mark.parametrize(
    ("clause", "text"), [("it is so", "It is so."), ("It is so.", "It is so."), ("3 lost", "3 lost.")]
)
def test_a_clause_becomes_a_sentence(clause, text):
    assert sentence(clause) == text


def test_what_the_app_chose_is_bounded_and_stays_on_one_line():
    assert printable("a\n\u202e\x1b[1mb") == "a\ufffd\ufffd\ufffd[1mb"
    assert len(printable("x" * 999)) == 200
