"""The argv driver with commands that end, and one that does not."""

from __future__ import annotations

import dataclasses

from auditor.drivers.argv import drive
from auditor.model.markers import contains_marker


def test_the_output_is_the_answer(stage):
    on = stage("print('It is called', [w for w in '{prompt}'.split() if '-' in w])")
    drive(on)
    [(index, text, error)] = on.only("answer")
    assert (index, error) == (1, "")
    assert contains_marker(text, on.prompts[0].marker)
    assert on.phases == ["prompt", "settle"]


def test_the_prompt_shown_again_is_no_answer(stage):
    on = stage("print('You:', '{prompt}')")
    drive(on)
    assert on.only("answer") == [(1, "You:", "")]


def test_a_command_that_does_not_end(stage):
    on = stage("import time; '{prompt}'; time.sleep(60)")
    on.pace = dataclasses.replace(on.pace, answer=0.4)
    drive(on)
    assert on.only("answer") == [(1, "", "The app did not end within 0 s of its prompt.")]
