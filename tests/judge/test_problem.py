from __future__ import annotations

from auditor.errors import ExitCode
from auditor.judge.problem import Mark
from auditor.judge.problem import Problem
from auditor.judge.problem import did_you_mean
from auditor.judge.problem import usage_error


def problem(line):
    return Problem(path="a.yaml", mark=Mark(line, 3), text="It is wrong.", fix="Right it.")


def test_a_problem_reads_like_a_compiler_message():
    assert str(problem(4)) == "a.yaml:4:3: It is wrong. Right it."


def test_all_problems_come_in_one_error_in_the_order_of_the_file():
    error = usage_error([problem(9), problem(10), problem(2)])
    text = str(error)
    assert error.exit_code is ExitCode.USAGE
    assert text.startswith("3 problems in the rules:")
    assert text.index("a.yaml:2:3") < text.index("a.yaml:9:3") < text.index("a.yaml:10:3")


def test_one_problem_is_not_called_problems():
    assert str(usage_error([problem(1)])).startswith("One problem in the rules:")


def test_a_near_miss_is_named_and_a_far_one_gets_the_list():
    assert did_you_mean("telemtry", ["telemetry", "licence"]) == "Did you mean `telemetry`?"
    assert did_you_mean("zzz", ["telemetry", "licence"]) == "Use one of: telemetry, licence."
