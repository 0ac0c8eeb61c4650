from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.judge.condition import Both
from auditor.judge.condition import Either
from auditor.judge.condition import Name
from auditor.judge.condition import Not
from auditor.judge.condition import evaluate
from auditor.judge.condition import names_in
from auditor.judge.condition import parse

NAMES = ("a", "b", "f_1", "f_2")


def _several(cls, inner):
    return st.lists(inner, min_size=2, max_size=3).map(lambda parts: cls(tuple(parts)))


_TREES = st.recursive(
    st.sampled_from(NAMES).map(Name),
    lambda inner: inner.map(Not) | _several(Both, inner) | _several(Either, inner),
    max_leaves=8,
)


@given(_TREES)
def test_what_is_printed_is_read_back(tree):
    assert parse(str(tree), NAMES) == tree


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from([*NAMES, "and", "or", "not", "(", ")", "1", "of", "all", "f_*", "them"]), max_size=30
    ).map(" ".join)
)
def test_any_text_is_a_condition_or_a_value_error(text):
    try:
        tree = parse(text, NAMES)
    except ValueError:
        return
    assert names_in(tree) <= set(NAMES)
    assert evaluate(tree, lambda _: True) in (True, False)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a and b or f_1", lambda v: (v["a"] and v["b"]) or v["f_1"]),
        ("a or b and f_1", lambda v: v["a"] or (v["b"] and v["f_1"])),
        ("not a and b", lambda v: (not v["a"]) and v["b"]),
        ("not (a and b)", lambda v: not (v["a"] and v["b"])),
        ("1 of f_*", lambda v: v["f_1"] or v["f_2"]),
        ("any of them", lambda v: v["a"] or v["b"] or v["f_1"] or v["f_2"]),
        ("all of f_*", lambda v: v["f_1"] and v["f_2"]),
        ("a and not 1 of f_*", lambda v: v["a"] and not (v["f_1"] or v["f_2"])),
        ("ALL OF them AND a", lambda v: v["a"] and v["b"] and v["f_1"] and v["f_2"]),
        ("NOT a", lambda v: not v["a"]),
    ],
)
def test_it_means_what_sigma_means(text, meaning):
    tree = parse(text, NAMES)
    for values in itertools.product((False, True), repeat=4):
        known = dict(zip(NAMES, values, strict=True))
        assert evaluate(tree, known.__getitem__) == meaning(known)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "at the end"),
        ("a and", "at the end"),
        ("a b", "not expected"),
        ("a)", "not expected"),
        ("(a", "not closed"),
        ("()", "instead of `)`"),
        ("and", "instead of `and`"),
        ("c", "no selection `c`"),
        ("1 of c_*", "no selection is called"),
        ("1 of", "lacks a name"),
        ("2 of them", "no selection `2`"),
        ("a & b", "does not belong"),
        ("not " * 50 + "a", "nested deeper"),
        ("(" * 300, "nested deeper"),
        ("a or " * 400 + "a", "longer than"),
    ],
)
def test_what_is_wrong_is_said(text, part):
    with pytest.raises(ValueError, match=re.escape(part)):
        parse(text, NAMES)
