from __future__ import annotations

import math
import re
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.document import CHOICES
from auditor.model.document import OPENING
from auditor.model.document import SENTENCES
from auditor.model.document import make_document

MARKER = "velka-zofin-4821"


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", text)


@given(st.integers(0, 2**64))
def test_about_four_hundred_words_on_one_line(seed):
    text = make_document(Random(seed), MARKER)
    assert 350 <= len(text.split()) <= 420
    assert len(sentences(text)) == len(SENTENCES) + 1
    assert "\n" not in text
    assert "{" not in text
    assert text.count(MARKER) == 1


def test_no_two_documents_share_a_sentence():
    seen: set[str] = set()
    for seed in range(300):
        for sentence in sentences(make_document(Random(seed), f"velka-zofin-{seed:04}")):
            assert sentence not in seen
            assert len(sentence) >= 40
            seen.add(sentence)


def test_each_sentence_has_27_bits():
    bits = {"name": math.log2(23_000), "number": math.log2(9600), "marker": 42.0}
    bits |= {gap: math.log2(len(words)) for gap, words in CHOICES.items()}
    for form in (OPENING, *SENTENCES):
        assert sum(bits[gap] for gap in re.findall(r"{(\w+)}", form)) >= 27, form
