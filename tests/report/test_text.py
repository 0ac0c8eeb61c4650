from __future__ import annotations

import doctest
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report import text


def test_examples_in_the_documentation_hold():
    assert doctest.testmod(text).failed == 0


@given(st.text(max_size=300))
def test_nothing_invisible_or_reordering_survives(raw):
    shown = text.visible(raw)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(max_size=300))
def test_blocks_keep_line_feeds_and_no_other_control_character(raw):
    shown = text.visible(raw, lines=True)
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_plain_text_is_left_alone():
    assert text.visible("Grüße, 你好 (ok)") == "Grüße, 你好 (ok)"


@pytest.mark.parametrize(("limit", "length"), [(10, 11), (10, 100_000)])
def test_long_text_is_cut_and_says_by_how_much(limit, length):
    shown = text.visible("x" * length, limit=limit)
    assert shown.startswith("x" * limit + "…")
    assert f"{length - limit:,} more" in shown


@given(st.text(alphabet=st.characters(), max_size=50))
def test_encodable_text_can_be_encoded(raw):
    text.encodable(raw, limit=30).encode()


def test_undecodable_bytes_stay_readable():
    assert text.encodable(b"a\xff".decode("utf-8", "surrogateescape"), limit=99) == "a\\udcff"


@pytest.mark.parametrize(
    ("name", "wire", "human"),
    [
        ("api.example", "api.example", ""),
        ("münchen.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("xn--pypl-53dc.example", "xn--pypl-53dc.example", "pаypаl.example"),  # noqa: RUF001 - look-alikes
        ("\N{SNOWMAN}.example", "xn--n3h.example", "\N{SNOWMAN}.example"),
        ("xn--zzzzzzzzz99999999.example", "xn--zzzzzzzzz99999999.example", ""),
        ("", "", ""),
    ],
)
def test_host_names_are_shown_in_punycode_first(name, wire, human):
    shown = text.host_name(name)
    assert (shown.ascii, shown.unicode) == (wire, human)


@given(st.text(max_size=80))
def test_any_host_name_is_accepted(name):
    shown = text.host_name(name)
    assert shown.ascii.isprintable()
    assert shown.unicode.isprintable()


@given(st.text(alphabet="[]ab", max_size=40))
def test_no_text_of_an_excerpt_is_lost_or_changed(raw):
    shown = "".join(piece for piece, _ in text.marked(raw))
    assert shown.translate({ord("["): None, ord("]"): None}) == re.sub(r"[\[\]]", "", raw)


def test_only_what_was_between_the_brackets_is_flagged():
    assert text.marked("a[[b]]c[[d]]") == (("a", False), ("b", True), ("c", False), ("d", True))
    assert text.marked("a[[b") == (("a[[b", False),)
    assert text.marked("") == ()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (5 * 10**12, "5.0 TB")],
)
def test_sizes(count, words):
    assert text.size(count) == words


def test_a_path_is_shortened_only_below_the_home_directory():
    assert text.tilde("/home/ann", "/home/ann") == "~"
    assert text.tilde("/home/anna/x", "/home/ann") == "/home/anna/x"
    assert text.tilde("/x", "") == "/x"
    assert text.tilde("/x", "/") == "/x"
