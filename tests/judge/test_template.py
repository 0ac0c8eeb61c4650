from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.judge.template import fill
from auditor.judge.template import placeholders


def test_values_of_all_records_are_listed_once():
    records = [{"destination.domain": name} for name in ("a", "b", "a", "c", "d", "e")]
    assert fill("to {destination.domain}", records) == "to a, b, c and 2 more"


def test_bytes_add_up_and_records_are_counted():
    records = [{"source.bytes": 5}, {"source.bytes": 7}, {}]
    assert fill("{source.bytes} in {audit.count}", records) == "12 in 3"


def test_what_is_missing_is_named_as_missing():
    assert fill("{process.name} {destination.address} {url.path}", [{}]) == (
        "an unidentified process an unknown address unknown"
    )


def test_a_value_is_never_read_as_a_template():
    assert fill("{url.path}", [{"url.path": "{process.name}"}]) == "{process.name}"


def test_what_the_app_chose_cannot_break_the_line_or_turn_it_round():
    shown = fill("{url.path}", [{"url.path": "a\n\x1b[31m\u202eb" + "x" * 999}])
    assert shown.startswith("a\ufffd\ufffd[31m\ufffdb")
    assert len(shown) == 200


@pytest.mark.parametrize("text", ["{", "}", "{a", "{{a}}", "a}"])
def test_a_lonely_brace_is_refused(text):
    with pytest.raises(ValueError, match="brace"):
        placeholders(text)


@given(st.text(st.characters(exclude_characters="{}")), st.text(max_size=300))
def test_text_without_braces_stays_and_values_stay_on_one_line(text, value):
    assert fill(text, [{}]) == text
    assert fill("{url.path}", [{"url.path": value}]).isprintable()
