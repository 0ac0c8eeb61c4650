from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from auditor.parse.runs import STRINGS
from auditor.parse.runs import Runs


@given(
    st.lists(st.one_of(st.binary(max_size=9), st.text("abcdefgh", max_size=20).map(str.encode))).map(b"".join)
)
def test_finds_what_a_character_class_finds(data):
    expected = [match.span() for match in re.finditer(rb"[a-f]{4,}", data)]
    assert Runs(b"x" * 4, rb"x*", x=b"abcdef").spans(data) == expected


def test_classes_may_alternate():
    pairs = Runs(b"hs" * 3, rb"(?:hs)*", h=b"0123456789", s=b":")
    assert pairs.find(b"x1:2:3:4:y5:6:z") == [b"1:2:3:4:"]


def test_strings():
    assert STRINGS.find(b"\xffshort\x00long enough\xfe") == [b"long enough"]
