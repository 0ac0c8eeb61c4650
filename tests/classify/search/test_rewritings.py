from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.rewritings import BETWEEN
from auditor.classify.search.rewritings import LONGEST
from auditor.classify.search.rewritings import SHORTEST
from auditor.classify.search.rewritings import rewritten

MARKERS = st.from_regex(r"[a-z]{5}-[a-z]{5}-[0-9]{4}", fullmatch=True)


def turned(text: str, by: int) -> str:
    return "".join(chr((ord(sign) - 97 + by) % 26 + 97) if sign.islower() else sign for sign in text)


@given(MARKERS, st.integers(1, 25).filter(lambda by: by != 13))
def test_caesar(marker, by):
    assert (f"rot{by}", turned(marker, by).encode()) in set(rewritten(marker.encode()))


@given(MARKERS, st.sampled_from(BETWEEN))
def test_a_sign_between_any_two(marker, between):
    written = between.decode().join(marker).encode()
    assert ("signs between", written) in set(rewritten(marker.encode()))


@given(MARKERS)
def test_other_alphabets(marker):
    found = dict(rewritten(marker.encode()))
    assert found["cp500"].decode("cp500") == marker
    assert found["cp037"].decode("cp037") == marker
    assert found["utf-7"].decode("utf-7") == marker
    assert found["full-width"].decode() == "".join(chr(ord(sign) + 0xFEE0) for sign in marker)
    assert found["atbash"].decode() == "".join(chr(219 - ord(s)) if s.islower() else s for s in marker)


@given(MARKERS)
def test_changes_of_each_byte(marker):
    value, found = marker.encode(), dict(rewritten(marker.encode()))
    assert bytes(byte - 1 for byte in found["plus one"]) == value
    assert bytes(byte + 1 for byte in found["minus one"]) == value
    assert bytes.fromhex("".join(pair[::-1] for pair in found["nibbles swapped"].hex(" ").split())) == value
    assert f"{int.from_bytes(found['bits reversed']):0128b}"[::-1] == f"{int.from_bytes(value[::-1]):0128b}"


@pytest.mark.parametrize("value", [b"v" * (SHORTEST - 1), "velká-žofín-4821".encode()])
def test_short_values_and_other_languages_are_not_rewritten(value):
    assert not list(rewritten(value))


@given(st.text(st.characters(codec="ascii"), min_size=SHORTEST, max_size=60))
def test_of_a_long_value_the_beginning_is_rewritten_and_never_left_as_it_is(text):
    value = text.encode()
    for name, changed in rewritten(value):
        assert changed != value[:LONGEST]
        assert name.startswith(("signs", "utf-7", "full")) or len(changed) == len(value[:LONGEST])
