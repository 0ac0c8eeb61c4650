from __future__ import annotations

import pytest

from auditor.judge.ruleset import load_rules
from auditor.judge.ruletest import run_rule_tests
from auditor.judge.ruletest import run_test


def test_the_bundled_rules_do_what_their_tests_say(bundled):
    assert [str(problem) for problem in run_rule_tests(bundled)] == []


def test_each_bundled_test_can_fail(bundled):
    """Every test says something: with the opposite expectation it would be a problem."""
    for rule in bundled.rules:
        results = {test.expect for test in rule.tests if not list(run_test(rule, test))}
        assert results == {"fail", "pass"}, rule.id


@pytest.mark.parametrize(
    ("edit", "part"),
    [
        (("expect: pass", "expect: fail\n  - name: three\n    given: {network.protocol: dns}\n    expect: pass"), "the rule says `pass`"),
        (("expect: fail", "expect: fail\n    findings: 2"), "expects 2 findings, but the rule makes 1"),
        (("expect: fail", "expect: fail\n    message: other"), "expects another message than `an unidentified process went to a.example`"),
        (("expect: pass", "expect: pass\n  - name: known\n    given: {destination.ip: 192.0.2.1}\n    expect: pass\n    todo: later"), "works now"),
    ],
)  # fmt: skip
def test_a_test_that_disagrees_is_a_located_problem(folder, rule_text, edit, part):
    (problem,) = run_rule_tests(load_rules([folder(rule_text(edit))]))
    assert part in problem.text
    assert problem.path.endswith("EGR901-test-rule.yaml")
    assert problem.mark.line > 18


def test_a_known_gap_is_no_problem_while_it_is_one(folder, rule_text):
    edit = (
        "expect: pass",
        "expect: pass\n  - name: gap\n    given: {destination.ip: 192.0.2.1}\n    expect: fail\n    todo: later",
    )
    assert run_rule_tests(load_rules([folder(rule_text(edit))])) == ()
