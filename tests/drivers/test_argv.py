"""The argv driver with commands that end, and one that does not."""

from __future__ import annotations

import dataclasses
import time

from auditor.drivers.argv import drive
from auditor.model.markers import contains_marker


def test_the_output_is_the_answer(stage):
    on = stage("print('It is called', [w for w in '{prompt}'.split() if '-' in w])")
    drive(on)
    [(index, text, error)] = on.only("answer")
    assert (index, error) == (1, "")
    assert contains_marker(text, on.prompts[0].marker)
    assert on.phases == ["prompt", "settle"]


def test_output_that_arrives_after_the_end_is_part_of_the_answer(stage):
    on = stage("print('It is called', '{prompt}'.split()[3])")
    runs, reads, ended = on.app_running, on.output, []

    def app_running():
        if not runs():
            ended.append(time.monotonic())
        return not ended

    def output(since=0):
        return reads(since) if time.monotonic() > ended[0] + on.pace.quiet / 4 else b""

    on.app_running, on.output = app_running, output
    drive(on)
    [(_, text, _)] = on.only("answer")
    assert "It is called" in text


def test_the_prompt_shown_again_is_no_answer(stage):
    on = stage("print('You:', '{prompt}')")
    drive(on)
    assert on.only("answer") == [(1, "You:", "")]


def test_a_command_that_does_not_end(stage):
    on = stage("import time; '{prompt}'; time.sleep(60)")
    on.pace = dataclasses.replace(on.pace, answer=0.4)
    drive(on)
    assert on.only("answer") == [(1, "", "The app did not end within 0 s of its prompt.")]


def test_without_a_prompt_the_command_gets_an_empty_one(stage):
    on = stage("print('empty' if not '{prompt}' else 'full')", prompts=())
    drive(on)
    assert on.phases == ["prompt", "settle"]
    assert on.output() == b"empty\n"
    assert on.only("answer") == []
