from __future__ import annotations

import random

from auditor.classify.search.pieces import Piece
from auditor.classify.search.usage import Typed
from auditor.classify.search.usage import measured

TYPED = (Typed(at=10, text="x" * 52), Typed(at=20, text="y " * 19), Typed(at=30, text="z" * 71))


def piece(at: float, text: object, slot: str = "json tokens") -> Piece:
    return Piece(at=at, site="x.example", slot=slot, text=str(text), where="request body", subject="f1")


def units(pieces: list[Piece], typed: tuple[Typed, ...] = TYPED) -> list[str]:
    return [one.unit for one in measured(pieces, typed)]


def test_a_field_that_follows_every_prompt():
    pieces = [piece(11, 52), piece(12, 7), piece(21, 38), piece(31, 71)]
    (found,) = measured(pieces, TYPED)
    assert found.unit == "characters"
    assert [one.text for one in found.pieces] == ["52", "38", "71"]


def test_words_and_bytes():
    typed = (Typed(at=1, text="w\u00f6rd " * 12), Typed(at=2, text="w\u00f6rd " * 15))
    assert units([piece(1, 12), piece(2, 15)], typed) == ["words"]
    assert units([piece(1, 72), piece(2, 90)], typed) == ["bytes"]


def test_one_prompt_that_does_not_agree_is_enough_against_it():
    assert units([piece(11, 52), piece(21, 38), piece(31, 70)]) == []


def test_too_early_too_late_or_in_another_field_is_nothing():
    assert units([piece(9, 52), piece(21, 38), piece(31, 71)]) == []
    assert units([piece(11, 52), piece(31, 38), piece(32, 71)]) == []
    assert units([piece(11, 52), piece(21, 38, "json other"), piece(31, 71)]) == []


def test_prompts_of_one_length_and_single_prompts_prove_nothing():
    same = (Typed(at=1, text="x" * 40), Typed(at=2, text="y" * 40))
    assert units([piece(1, 40), piece(2, 40)], same) == []
    assert units([piece(11, 52)], TYPED[:1]) == []
    assert units([]) == []


def test_random_counters_are_nothing():
    rng = random.Random(4)
    for _ in range(300):
        pieces = [
            piece(rng.uniform(0, 40), rng.randrange(1000), f"json f{rng.randrange(9)}") for _ in range(60)
        ]
        assert units(sorted(pieces, key=lambda one: one.at)) == []
