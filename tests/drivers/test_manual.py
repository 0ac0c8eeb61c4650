"""The manual driver up to Ctrl-C."""

from __future__ import annotations

import pytest

from auditor.drivers.manual import drive


def interrupted(stage, *, times):
    """Let the next waits be cut short as Ctrl-C does."""
    left, wait = [times], stage.wait

    def impatient(seconds, until=None):
        if left[0]:
            left[0] -= 1
            raise KeyboardInterrupt
        return wait(seconds, until)

    stage.wait = impatient
    return stage


def test_ctrl_c_ends_the_use_and_goes_on(stage):
    on = interrupted(stage("import time; time.sleep(60)"), times=1)
    on.published = ((7860, 0), (9000, 9001))
    drive(on)
    said = [text for (text,) in on.only("say")]
    assert "Open http://127.0.0.1:7860 to reach port 7860 of the app." in said
    assert "Open http://127.0.0.1:9001 to reach port 9000 of the app." in said
    assert [f"  {prompt.text}" in said for prompt in on.prompts] == [True] * 3
    assert on.phases == ["start", "prompt", "settle"]
    assert [index for index, _, _ in on.only("answer")] == [1, 2, 3]


def test_ctrl_c_twice_leaves(stage):
    on = interrupted(stage("import time; time.sleep(60)"), times=2)
    with pytest.raises(KeyboardInterrupt):
        drive(on)


def test_the_end_of_the_app_ends_the_use(stage):
    on = stage("pass")
    drive(on)
    assert ("say", "The app has ended.") in on.log


def test_an_answer_in_the_browser_counts_and_the_prompt_shown_again_does_not(stage):
    on = stage("print('serving')")
    echoed, answered, _ = on.prompts
    pieces = "".join(f'data: {{"delta": "{letter}"}}\n\n' for letter in f"It is {answered.marker}.")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    on.said = (head + pieces.encode(), f'HTTP/1.1 200 OK\r\n\r\n{{"you": "{echoed.text}"}}'.encode())
    drive(on)
    answers = {index: text for index, text, _ in on.only("answer")}
    assert answers[answered.index] == f"It is {answered.marker}."
    assert echoed.marker not in answers[echoed.index]


def test_a_port_that_is_taken_is_a_gap(stage):
    on = stage("pass")
    on.published = ((7860, 1),)
    drive(on)
    assert on.only("gap") == [
        ("Port 7860 of the app could not be published on port 1: Permission denied.", False)
    ]
