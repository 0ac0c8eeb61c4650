"""Prompts carry their markers."""

from __future__ import annotations

from random import Random

from auditor.drivers.prompts import FORMS
from auditor.drivers.prompts import built_in
from auditor.drivers.prompts import from_texts


def test_each_has_a_marker_of_its_own():
    prompts = built_in(Random(1), len(FORMS))
    assert [prompt.index for prompt in prompts] == [1, 2, 3, 4]
    assert len({prompt.marker for prompt in prompts}) == 4
    assert all(prompt.text.count(prompt.marker) >= 1 for prompt in prompts)
    assert not any("{" in prompt.text for prompt in prompts)


def test_the_users_own_words_are_kept():
    with_place, without = from_texts(["Tell {canary} about {canary} {x}", "Hello"], Random(1))
    assert with_place.text == f"Tell {with_place.marker} about {with_place.marker} {{x}}"
    assert (without.text, without.marker, without.canary) == ("Hello", "", "prompt-2")
