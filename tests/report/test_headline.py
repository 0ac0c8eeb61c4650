from __future__ import annotations

import dataclasses
import doctest
import shlex

import pytest

from auditor.model.process import NOBODY
from auditor.report import headline
from auditor.report.result import build_result


def test_examples_in_the_documentation_hold():
    assert doctest.testmod(headline).failed == 0


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["python", "chat.py", "--port", "1"], "chat.py"),
        (["/usr/bin/python3.11", "-u", "/srv/app/serve.py"], "serve.py"),
        (["python", "-c", "print()"], "python"),
        (["node", "--inspect", "server.js"], "server.js"),
        (["pythonic-chat", "serve"], "pythonic-chat"),
        (["bash"], "bash"),
        ([], "the app"),
    ],
)
def test_an_app_is_called_by_its_script(command, name):
    assert headline.app_name(command) == name


def test_a_process_without_a_name_is_unknown():
    assert headline.process_name(None) == "unknown process"
    assert headline.process_name(NOBODY) == "unknown process"


def test_a_process_is_named_by_program_and_script(failing):
    assert headline.process_name(failing.flows[-1].process) == "python3.11 (chat.py)"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fail", "What was typed into chat.py was sent to api.smith.langchain.com."),
        ("pass", "What was typed into chat.py was not observed leaving it, within the stated coverage."),
        ("inconclusive", "It could not be observed whether chat.py keeps to itself what it is given."),
        ("empty", "It could not be observed whether the app keeps to itself what it is given."),
    ],
)
def test_the_verdict_in_one_sentence(cases, name, expected):
    assert build_result(*cases[name]).verdict.sentence == expected


def test_a_failure_without_a_leak_names_the_gravest_finding(cases):
    case, judgement = cases["fail"]
    result = build_result(dataclasses.replace(case, canaries=()), judgement)
    assert result.verdict.sentence == "chat.py: What was typed leaves the machine, and 2 more findings."


def test_a_passing_run_without_prompt_says_that_nothing_was_typed(cases):
    case, judgement = cases["pass"]
    silent = dataclasses.replace(case, coverage=dataclasses.replace(case.coverage, prompted=False))
    assert "Nothing was typed into chat.py" in build_result(silent, judgement).verdict.sentence


def test_a_passing_run_whose_prompt_went_to_an_accepted_host_says_so(cases):
    case, _ = cases["fail"]
    result = build_result(case, cases["pass"][1])
    assert "was sent to" in result.verdict.sentence
    assert result.verdict.sentence.endswith(", which was accepted.")


def test_a_canary_that_was_only_saved_is_no_leak(cases):
    case, _ = cases["fail"]
    report = case.canaries[0]
    saved = dataclasses.replace(report, found=report.found[2:])
    result = build_result(dataclasses.replace(case, canaries=(saved,)), cases["fail"][1])
    assert "was sent to" not in result.verdict.sentence


def test_the_command_to_repeat_is_one_that_a_shell_accepts(failing):
    words = shlex.split(headline.repeat_command(failing.run))
    assert words[:2] == ["audit", "run"]
    assert words[2 : words.index("--")] == list(failing.run.options)
    assert tuple(words[words.index("--") + 1 :]) == failing.run.command


def test_the_reference_line_counts(failing):
    line = "The reference answered 2 prompts, sent 0 bytes, wrote 0 files."
    assert headline.reference_line(failing) == line


def test_a_reference_that_sent_something_is_not_said_to_have_sent_nothing(failing):
    loud = dataclasses.replace(failing, reference=dataclasses.replace(failing.reference, flows=1, lookups=1))
    assert (
        headline.reference_line(loud) == "The reference answered 2 prompts, made 2 contacts, wrote 0 files."
    )


def test_there_is_no_line_for_a_reference_that_failed_or_was_not_run(cases):
    for name in ("inconclusive", "empty"):
        assert headline.reference_line(build_result(*cases[name])) == ""
