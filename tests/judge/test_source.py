from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.judge import source
from auditor.judge.problem import Mark
from auditor.judge.source import SourceError
from auditor.judge.source import read

_KEYS = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=6)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(_VALUES)
def test_what_a_yaml_writer_writes_is_read_back(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    assert read(text.encode()).value == value


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data):
    try:
        document = read(data)
    except SourceError as error:
        marks = [error.mark]
    else:
        marks = list(document.marks.values())
    assert all(mark.line >= 1 and mark.column >= 1 for mark in marks)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("1:30", "1:30"), ("0x1f", "0x1f"), ("12", 12), ("-3", -3),
        ("1.5", 1.5), ("true", True), ("~", None), ("'12'", "12"), ("10.0.0.1", "10.0.0.1"), ("2026-11-20", "2026-11-20"),
    ],
)  # fmt: skip
def test_words_stay_words(text, value):
    read_value = read(text.encode()).value
    assert read_value == value
    assert type(read_value) is type(value)


def test_every_value_knows_where_it_stood():
    document = read(b"a: 1\nb:\n  - x\n  - {c: d}\n")
    assert document.mark(("a",)) == Mark(1, 1)
    assert document.mark(("b", 0)) == Mark(3, 5)
    assert document.mark(("b", 1, "c")) == Mark(4, 6)
    assert document.mark(("b", 1, "not there")) == Mark(4, 5)


@pytest.mark.parametrize(
    ("text", "part", "mark"),
    [
        ("a: 1\na: 2\n", "given twice", Mark(2, 1)),
        ("a: &x 1\nb: *x\n", "Anchors", Mark(1, 4)),
        ("a: !!python/object:os.system x\n", "tag", Mark(1, 4)),
        ("<<: {a: 1}\n", "Merge", Mark(1, 1)),
        ("a: 1\n---\nb: 2\n", "second document", Mark(2, 1)),
        ("? [a]\n: b\n", "key must be a word", Mark(1, 3)),
    ],
)
def test_what_yaml_allows_and_we_do_not_is_a_fault_with_its_place(text, part, mark):
    faults = read(text.encode()).faults
    assert [fault for fault in faults if part in fault[1] and fault[0] == mark]


@pytest.mark.parametrize(
    ("data", "part", "mark"),
    [
        (b"a: [1", "Not YAML", Mark(2, 1)),
        (b"a: b: c", "Not YAML", Mark(1, 5)),
        (b"ab\xff", "UTF-8", Mark(1, 3)),
        (b"a\nb\xc3", "UTF-8", Mark(2, 2)),
        (b"a: \x07", "forbids", Mark(1, 1)),
        (b"#" * (source.MAX_BYTES + 1), "larger", Mark(1, 1)),
        (b"[" * 40 + b"]" * 40, "deeper", Mark(1, 22)),
    ],
)
def test_what_is_no_file_of_ours_is_refused_with_its_place(data, part, mark):
    with pytest.raises(SourceError, match=part) as caught:
        read(data)
    assert caught.value.mark == mark


def test_a_bomb_of_brackets_is_refused_before_it_is_built():
    with pytest.raises(SourceError):
        read(b"[" * source.MAX_BYTES)
