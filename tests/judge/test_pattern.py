from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from auditor.judge import pattern
from auditor.judge.pattern import check_cost
from auditor.judge.pattern import compile_pattern


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+", "(a|b)*", "(a*)*b", "(?:a?){9}", ".*.*.*x", "(a)\\1", "(?=x)", "(?P<n>x)", "[a", "a{2,1}", "x" * 201,
        "((a|b)c)+", "(", "[[:alpha:]]", "(?i)x",
    ],
)  # fmt: skip
def test_patterns_that_can_run_away_or_are_broken_are_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        compile_pattern(text)


@pytest.mark.parametrize(
    ("text", "hit", "miss"),
    [
        ("^/v[0-9]+/models", "/v12/models", "/x/v1/models"),
        ("(?:chat|text)/completions$", "/v1/chat/completions", "/v1/chat"),
        ("[^]/]{3}", "abc", "a/b"),
        ("a\\.b", "a.b", "axb"),
        ("(abc|def)?x", "defx", "y"),
    ],
)
def test_plain_patterns_work(text, hit, miss):
    assert compile_pattern(text)(hit)
    assert not compile_pattern(text)(miss)


def test_only_the_first_part_of_a_text_is_looked_at():
    search = compile_pattern("needle")
    assert search("x" * (pattern.TEXT - 6) + "needle")
    assert not search("x" * pattern.TEXT + "needle")


_PIECES = st.sampled_from(["a", "b", ".", "[ab]", "(a|b)", "(ab)", "\\w", "(?:a", ")", "|", "(", "^", "$"])
_REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,9}", "{3,}", "*?"])


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(_PIECES, _REPEATS), max_size=8))
def test_whatever_is_accepted_ends_in_time_on_hostile_text(pieces):
    text = "".join(piece + repeat for piece, repeat in pieces)
    try:
        search = compile_pattern(text)
    except ValueError:
        return
    started = time.process_time()
    search("a" * pattern.TEXT + "!")
    search("ab" * (pattern.TEXT // 2) + "!")
    assert time.process_time() - started < 5


@given(st.text(max_size=60))
def test_any_text_is_compiled_or_refused(text):
    try:
        search = compile_pattern(text)
    except ValueError:
        return
    assert search(text[:50]) == (re.search(text, text[:50]) is not None)


def test_the_cost_is_the_product_of_choices():
    assert check_cost("abc") == 1
    assert check_cost("a?b?") == 4
    assert check_cost("(a|b)c{1,4}") == 10
