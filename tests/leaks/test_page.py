"""The page tells what was missed and who was accused, and is the same for the same outcomes."""

from __future__ import annotations

import leak_catalogue as catalogue
import leaks
import leaks_page
from row import Group


def outcomes(missed=(), accused=()):
    made = []
    for row in catalogue.ROWS.values():
        rules = (
            frozenset() if row.group is Group.NEGATIVE or row.name in missed else frozenset([min(row.rules)])
        )
        rules |= {"CAN001"} if row.name in accused else frozenset()
        made.append(leaks.Outcome(row=row, rules=rules, verdict="fail" if rules else "pass"))
    return made


def test_misses_and_false_findings_are_named():
    page = leaks_page.page(outcomes(missed=["base58", "post-plain"], accused=["quiet-prose"]))
    misses = page.partition("## Misses")[2].partition("##")[0]
    assert misses.count("* `") == 2
    assert "* `base58`, hard: " in misses
    assert "Negatives accused of a leak: 1 of" in page
    assert "* `quiet-prose`: CAN001" in page
    assert "2 programs that were missed, 2 got the verdict pass" in page


def test_figures_hold_or_do_not():
    good = leaks.figures(outcomes())
    assert all(figure.holds for figure in good)
    basic = [row.name for row in catalogue.ROWS.values() if row.group is Group.BASIC]
    assert not all(figure.holds for figure in leaks.figures(outcomes(missed=basic[:4])))
    assert not all(figure.holds for figure in leaks.figures(outcomes(accused=["quiet-prose"])))


def test_equal_outcomes_give_equal_pages():
    assert leaks_page.page(outcomes()) == leaks_page.page(outcomes())
