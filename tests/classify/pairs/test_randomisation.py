"""The randomisation tests: right for chance, sharp for what is exact, and the same every time."""

from __future__ import annotations

import itertools
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.pairs.randomisation import NOTHING
from auditor.classify.pairs.randomisation import agreements
from auditor.classify.pairs.randomisation import correlations
from auditor.classify.pairs.randomisation import rank_distances
from auditor.classify.pairs.randomisation import set_distances
from auditor.classify.pairs.randomisation import test as compare
from auditor.classify.pairs.randomisation import test_split as compare_split

LENGTHS = (210, 490, 800, 1190, 1500, 1830, 2280)
VALUES = st.lists(st.integers(0, 50), min_size=7, max_size=7)


def rng(seed=1):
    return Random(seed)


def by_length(measures, lengths=LENGTHS, blocks=None, threshold=0.0002):
    blocks = blocks or (range(len(lengths)),)
    return compare(correlations(measures, lengths), blocks, threshold, rng())


def test_an_exact_line_is_found_among_all_orders_of_seven():
    tested = by_length([[14 + length // 16 * 16 for length in LENGTHS]])
    assert tested.chance == pytest.approx(1 / math.factorial(7))
    assert tested.each == (tested.chance,)


def test_noise_beside_it_costs_next_to_nothing():
    noise = [[rng(seed).random() for _ in LENGTHS] for seed in range(30)]
    tested = by_length([*noise, [3 * length for length in LENGTHS]])
    assert tested.chance == pytest.approx(1 / math.factorial(7))
    assert [chance <= 0.0002 for chance in tested.each] == [False] * 30 + [True]


def test_the_chance_is_the_share_of_orders_that_score_as_high():
    values = [1, 5, 2, 9, 4, 30, 31]
    scores = correlations([values], LENGTHS)
    true = scores(tuple(range(7)))[0]
    share = sum(scores(order)[0] >= true - 1e-9 for order in itertools.permutations(range(7))) / 5040
    assert by_length([values]).chance == pytest.approx(share)


@given(VALUES)
def test_what_never_changes_or_is_not_there_shows_nothing(values):
    assert by_length([[values[0]] * 7]).chance == 1.0
    assert by_length([]) == NOTHING


@given(VALUES, st.floats(0.1, 10), st.integers(-5, 5))
def test_units_do_not_matter(values, factor, offset):
    other = [factor * value + offset for value in values]
    assert by_length([values]).chance == pytest.approx(by_length([other]).chance)


@given(VALUES)
def test_the_same_runs_always_give_the_same_answer(values):
    assert by_length([values]) == by_length([values])


def test_labels_stay_in_their_block():
    # Across blocks the line is plain, inside of each there is one value: no order differs.
    blocks = (range(4), range(4, 7))
    assert by_length([[0, 0, 0, 0, 9, 9, 9]], lengths=(1, 1, 1, 1, 5, 5, 5), blocks=blocks).chance == 1.0


def test_of_very_many_orders_a_sample_is_drawn():
    lengths = list(range(12))
    exact = by_length([lengths], lengths, threshold=0.001)
    assert exact.chance == pytest.approx(1 / 4001)
    assert by_length([[rng(2).random() for _ in lengths]], lengths, threshold=0.001).chance > 0.01


def test_chances_of_noise_are_spread_evenly():
    # 5,000 experiments without any effect: no chance comes up more often than it says itself.
    chances = []
    for seed in range(5000):
        noise = rng(seed)
        values = [[noise.gauss(0, 1) for _ in range(5)] for _ in range(2)]
        order = noise.sample(LENGTHS[:5], 5)
        chances.append(compare(correlations(values, order), (range(5),), 0.05, noise).chance)
    below = {limit: sum(chance <= limit for chance in chances) for limit in (0.5, 0.1, 0.05, 0.02)}
    for limit, count in below.items():
        assert count <= 5000 * limit + 4 * math.sqrt(5000 * limit), below
    assert below[0.5] >= 2000


def test_equal_prompts_that_agree_are_found_without_any_line():
    labels = ["a", "b", "c", "d", "e", "f", "g"] * 2
    blocks = (range(7), range(7, 14))
    secret = {"a": 3, "b": 9, "c": 1, "d": 8, "e": 2, "f": 7, "g": 5}
    measure = rank_distances([secret[label] for label in labels])
    assert compare(agreements([measure], labels, blocks, rng()), blocks, 0.0005, rng()).chance <= 0.0005


def test_a_bare_number_that_only_differs_is_not_taken_for_agreement():
    labels = ["a", "b", "c", "d", "e", "f", "g"] * 2
    blocks = (range(7), range(7, 14))
    measure = rank_distances([rng(3).random() for _ in labels])
    nonces = set_distances([frozenset({f"n{number}"}) for number in range(14)])
    assert compare(agreements([measure, nonces], labels, blocks, rng()), blocks, 0.001, rng()).chance > 0.01


def test_two_kinds_of_run_are_told_apart_in_every_possible_way():
    flags = [True, False, True, True, False, False, True, True]
    tested = compare_split(correlations([[5.0 * flag for flag in flags]], flags), flags, 0.001, rng())
    assert tested.chance == pytest.approx(1 / math.comb(8, 3))
    assert compare_split(correlations([[1.0] * 8], flags), flags, 0.001, rng()).chance == 1.0
    assert compare_split(correlations([[1, 2, 3]], [1, 1, 1]), [True] * 3, 0.001, rng()) == NOTHING


def test_distances():
    assert rank_distances([10, 30, 10]) == [[0, 1.5, 0], [1.5, 0, 1.5], [0, 1.5, 0]]
    one, two, none = frozenset("ab"), frozenset("bc"), frozenset()
    assert set_distances([one, two, none])[0] == [0, pytest.approx(2 / 3), 1]
    assert set_distances([none, none]) == [[0, 0], [0, 0]]
