"""Markers are unlike each other and unlike words."""

from __future__ import annotations

import math
import re
from itertools import product
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.markers import PATTERNS
from auditor.model.markers import RARE
from auditor.model.markers import contains_marker
from auditor.model.markers import make_marker


def test_shape():
    for seed in range(500):
        assert re.fullmatch(r"[a-z]{5}-[a-z]{5}-\d{4}", make_marker(Random(seed)))


def test_at_least_forty_bits():
    words = {
        "".join(letters)
        for pattern in PATTERNS
        for letters in product(*pattern)
        if sum(letter in RARE for letter in letters) >= 2
    }
    assert math.log2(len(words) ** 2 * 10_000) >= 40
    assert make_marker(Random(1)).split("-")[0] in words


def test_markers_differ():
    rng = Random(1)
    assert len({make_marker(rng) for _ in range(10_000)}) == 10_000


@given(st.sampled_from(["\n", " ", "\r\n  | ", "*", "\u2011"]), st.integers(1, 15))
def test_found_when_wrapped(cut, at):
    marker = "velka-zofin-4821"
    assert contains_marker(f"It is {marker[:at].upper()}{cut}{marker[at:]}.", marker)


def test_not_found_when_incomplete_or_absent():
    assert not contains_marker("It is velka-zofin-482.", "velka-zofin-4821")
    assert not contains_marker("anything", "")
