from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.engine import Searcher
from auditor.classify.search.forms import Form


def form(pattern: bytes, *, whole_word: bool = False) -> Form:
    return Form(canary=pattern.hex(), encoding=(), pattern=pattern, whole_word=whole_word)


def found(searcher: Searcher, data: bytes) -> set[tuple[bytes, int]]:
    return {(hit.form.pattern, hit.start) for hit in searcher.find(data)}


def by_hand(patterns: list[bytes], data: bytes) -> set[tuple[bytes, int]]:
    low = data.lower()
    return {(p, at) for p in patterns for at in range(len(low)) if low.startswith(p, at)}


@given(
    st.lists(st.binary(min_size=6, max_size=40).map(bytes.lower), min_size=1, max_size=20, unique=True),
    st.data(),
)
def test_finds_exactly_what_a_naive_search_finds(patterns, data):
    pieces = data.draw(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from(patterns)), max_size=8))
    text = b"".join(pieces)
    assert found(Searcher(map(form, patterns)), text) == by_hand(patterns, text)


def test_finds_at_every_offset_of_long_data_and_at_its_edges():
    patterns = [b"velka-zofin-4821", b"c3VwZXItc2VjcmV0LXZhbHVl".lower(), b"0" * 64, b"short-one!!"]
    searcher = Searcher(map(form, patterns))
    noise = random.Random(7).randbytes(20_000)
    for offset in range(40):
        for pattern in patterns:
            for data in (noise[:offset] + pattern + noise, noise + noise[:offset] + pattern):
                assert pattern in {one for one, _ in found(searcher, data)}


def test_ignores_letter_case():
    assert found(Searcher([form(b"velka-zofin-4821")]), b"xVELKA-Zofin-4821") == {(b"velka-zofin-4821", 1)}


def test_whole_words_stand_alone():
    searcher = Searcher([form(b"bado47", whole_word=True)])
    assert found(searcher, b"/home/bado47/x") == {(b"bado47", 6)}
    assert found(searcher, b"bado47") == {(b"bado47", 0)}
    assert not found(searcher, b"xbado47 bado478")


def test_nothing_to_search_finds_nothing():
    assert not found(Searcher([]), b"anything at all")


def test_equal_patterns_are_all_reported():
    one = Form(canary="a", encoding=(), pattern=b"same-pattern")
    other = Form(canary="b", encoding=(), pattern=b"same-pattern")
    assert {hit.form.canary for hit in Searcher([one, other]).find(b"..same-pattern")} == {"a", "b"}
