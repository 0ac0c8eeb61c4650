"""Running the tests that are written inside rule files.

Not the judging of a run: each test gives records by hand and says what the rule must make of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.judge.facts import Record
from auditor.judge.findings import find
from auditor.judge.problem import Problem
from auditor.judge.rulefile import Expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.judge.rule import Rule
    from auditor.judge.rule import RuleTest
    from auditor.judge.ruleset import RuleSet


def run_rule_tests(ruleset: RuleSet) -> tuple[Problem, ...]:
    """Problems with the tests of all rules; none when every rule does what its tests say."""
    return tuple(problem for rule in ruleset.rules for test in rule.tests for problem in run_test(rule, test))


def run_test(rule: Rule, test: RuleTest) -> Iterator[Problem]:
    """Problems with one test. A `todo` test must disagree with the rule, for as long as it is one."""
    wrong = list(_disagreements(rule, test))
    if test.todo and not wrong:
        yield _problem(rule, test, "works now, though it is marked `todo`", "Remove the `todo`.")
    elif not test.todo:
        for text in wrong:
            yield _problem(rule, test, text, "Correct the rule or the test.")


def _disagreements(rule: Rule, test: RuleTest) -> Iterator[str]:
    found = list(find(rule, (Record(fields=fields) for fields in test.given), ()))
    outcome = Expect.FAIL if found else Expect.PASS
    if outcome is not test.expect:
        yield f"expects `{test.expect}`, but the rule says `{outcome}`"
    elif test.findings is not None and test.findings != len(found):
        yield f"expects {test.findings} findings, but the rule makes {len(found)}"
    elif test.message is not None and (not found or found[0].message != test.message):
        yield f"expects another message than `{found[0].message if found else ''}`"


def _problem(rule: Rule, test: RuleTest, text: str, fix: str) -> Problem:
    return Problem(path=rule.path, mark=test.mark, text=f"{rule.id}: the test `{test.name}` {text}.", fix=fix)
