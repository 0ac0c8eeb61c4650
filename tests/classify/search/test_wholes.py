from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.engine import Searcher
from auditor.classify.search.wholes import ALPHABETS
from auditor.classify.search.wholes import SHORTEST
from auditor.classify.search.wholes import wholes
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind

MARKER = "velka-zofin-4821"


def prompt(context: str, kind: CanaryKind = CanaryKind.PROMPT) -> Canary:
    return Canary(id="c", kind=kind, value=MARKER, planted_in="a prompt", context=context)


def names(one: Canary, data: bytes) -> set[str]:
    return {hit.form.encoding[0] for hit in Searcher(wholes(one)).find(data)}


def number(data: bytes, alphabet: bytes) -> bytes:
    """Digit by digit from the front, as long division by hand does it."""
    digits = [0]
    for byte in data:
        carried = byte
        for at, digit in enumerate(digits):
            carried, digits[at] = divmod(digit * 256 + carried, len(alphabet))
        while carried:
            carried, rest = divmod(carried, len(alphabet))
            digits.append(rest)
    return bytes(alphabet[digit] for digit in reversed(digits))


@given(st.text(min_size=1, max_size=60), st.sampled_from(ALPHABETS))
def test_a_prompt_as_one_number(text, alphabet):
    name, signs = alphabet
    context = f"My project is {MARKER}. {text}"
    for said in (context, MARKER):
        assert name in names(prompt(context), b'"' + number(said.encode(), signs) + b'"')


@given(st.binary(max_size=40), st.binary(max_size=40), st.text(min_size=20, max_size=60))
def test_a_fence_of_two_rails_with_more_around(before, after, text):
    context = f"My project is {MARKER}. {text}"
    fenced = before + context.encode() + after
    assert "two rails" in names(prompt(context), fenced[::2] + fenced[1::2])
    assert "two rails" in names(prompt(""), MARKER.encode()[::2] + MARKER.encode()[1::2])


@pytest.mark.parametrize("kind", [CanaryKind.IDENTITY, CanaryKind.CONTROL])
def test_identity_is_not_searched_for_so(kind):
    assert not list(wholes(prompt("", kind)))


def test_no_pattern_is_short():
    assert all(len(one.pattern) >= SHORTEST for one in wholes(prompt("a prompt: " + MARKER)))
