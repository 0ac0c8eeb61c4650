from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.excerpt import excerpt
from auditor.classify.search.excerpt import redact


def around(data: bytes, match: bytes) -> str:
    at = data.index(match)
    return excerpt(data, at, at + len(match))


def test_match_stands_between_brackets_with_context():
    text = around(b"x" * 200 + b" before MATCH after " + b"y" * 200, b"MATCH")
    assert " before [[MATCH]] after " in text
    assert len(text) <= 140


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abcDEF123456",
        "sk-proj-abcdefghijklmnop",
        "ghp_abcdefghijklmnop1234",
        "9aF3kLm2Qx8ZtR5vBn7Wc1Yd",
    ],
)
def test_other_secrets_are_masked(secret):
    text = around(f'"k": "{secret}", "note": MATCH'.encode(), b"MATCH")
    assert secret.rpartition(" ")[2] not in text
    assert "<redacted>" in text


def test_name_and_scheme_of_a_secret_stay_and_the_secret_goes():
    assert redact("Authorization: Bearer abcdefghij") == "Authorization: Bearer <redacted>"
    assert redact("api_key=abcdefghij&x=1") == "api_key=<redacted>&x=1"


def test_secret_at_the_edge_of_the_excerpt_is_masked_whole():
    secret = "Zx81Lq9vTn4Rk7Wb2Mc5Yd8F"
    for distance in range(40, 80):
        text = around(
            f"token={secret} {'.' * distance}MATCH{'.' * distance} token={secret}".encode(), b"MATCH"
        )
        assert not any(secret[at : at + 6] in text for at in range(len(secret) - 6))


def test_words_are_not_masked():
    assert redact("the quick brown fox and supercalifragilistic words") == (
        "the quick brown fox and supercalifragilistic words"
    )


def test_control_and_bidi_signs_are_gone_and_brackets_cannot_be_faked():
    text = around("a\x1b[31m\u202eb[[fake]] MATCH".encode(), b"MATCH")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("[[") == 1


@pytest.mark.parametrize("faked", [b"[[[", b"]]]", b"[", b"]", b"[[[[["])
def test_no_number_of_brackets_makes_another_mark(faked):
    text = around(faked + b"MATCH" + faked, b"MATCH")
    assert text.count("[[") == text.count("]]") == 1
    assert "[[MATCH]]" in text


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=300), st.binary(max_size=300))
def test_any_bytes_give_one_short_printable_line(before, match, after):
    text = excerpt(before + match + after, len(before), len(before) + len(match))
    assert text.isprintable() or not text
    assert text.count("[[") == text.count("]]") == 1
