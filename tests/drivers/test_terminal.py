"""Terminal output as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.drivers.terminal import answer_in
from auditor.drivers.terminal import readable


def test_colours_titles_and_line_ends_go():
    assert (
        readable(b"\x1b]0;title\x07\x1b[1;32mvelka\x1b[0m-zo\x1b(Bfin\r\n50%\r\x1b[2K100%")
        == "velka-zofin\n50%\n100%"
    )


def test_the_prompt_goes_however_it_was_wrapped():
    assert answer_in(b">>> What is\r\nmy name?\r\nNora", "What is my name?") == ">>> \nNora"


@given(st.binary(), st.text())
def test_any_bytes(output, prompt):
    text = answer_in(output, prompt)
    assert "\x1b" not in text


@given(st.binary(max_size=50))
def test_plain_text_stays(data):
    text = data.hex()
    assert readable(text.encode()) == text
