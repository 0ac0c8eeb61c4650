from __future__ import annotations

from auditor.classify.search.budget import BASE
from auditor.classify.search.budget import HONEST_RATIO
from auditor.classify.search.budget import READINGS
from auditor.classify.search.budget import Budget
from auditor.classify.search.budget import budget_for


def test_spends_until_it_is_cut():
    budget = Budget(10)
    assert budget.take(7)
    assert not budget.cut
    assert not budget.take(4)
    assert budget.cut
    assert budget.take(3)


def test_honest_compression_earns_and_a_bomb_does_not_for_long():
    budget = budget_for(1000)
    assert budget.left == BASE + READINGS * 1000
    for _ in range(100):
        budget.earn(1000)
    assert budget.left == BASE + READINGS * 1000 * (1 + HONEST_RATIO)
