"""What the commands about rules print.

Not the rules: those are files, read by `auditor.judge`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor.errors import ExitCode
from auditor.errors import UsageError
from auditor.judge.docs import rule_page
from auditor.judge.ruleset import RuleSet
from auditor.judge.ruleset import default_rules_folder
from auditor.judge.ruleset import load_rules
from auditor.judge.ruletest import run_rule_tests


def load(folders: Sequence[Path]) -> RuleSet:
    """The built-in rules and those of `folders`."""
    return load_rules([default_rules_folder(), *folders])


def print_list(folders: Sequence[Path]) -> int:
    """One line for each rule."""
    for rule in load(folders).rules:
        sys.stdout.write(f"{rule.id:<8} {rule.severity:<9} {rule.title}\n")
    return int(ExitCode.PASS)


def print_rule(wanted: str, folders: Sequence[Path]) -> int:
    """The page of one rule.

    Raises:
        UsageError: there is no such rule.
    """
    rule = load(folders).rule(wanted)
    if rule is None:
        raise UsageError(f"There is no rule {wanted}.", fix="`audit rules list` names them all.")
    sys.stdout.write(rule_page(rule))
    return int(ExitCode.PASS)


def check(folder: Path | None) -> int:
    """Load rules, run the tests inside them, and say how many there were.

    Raises:
        UsageError: with every problem.
    """
    rules = load([folder] if folder else [])
    problems = run_rule_tests(rules)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    tests = sum(len(rule.tests) for rule in rules.rules)
    sys.stdout.write(f"{len(rules.rules)} rules, {tests} tests, {len(problems)} problems\n")
    return int(ExitCode.USAGE if problems else ExitCode.PASS)


def print_schema(_document: str) -> int:
    """The JSON Schema of `result.json`, the one document so far."""
    from auditor.report import schema  # noqa: PLC0415 - only this command needs the report

    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
    return int(ExitCode.PASS)
