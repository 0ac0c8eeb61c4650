"""Driver `argv`: the prompt is an argument of the command, its output is the answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from auditor.drivers.stage import settle
from auditor.drivers.terminal import answer_in
from auditor.model.prompt import Prompt
from auditor.model.run import PhaseName

if TYPE_CHECKING:
    from auditor.drivers.stage import Stage


def drive(stage: Stage) -> None:
    """Run the command once, with the first prompt, or with nothing; it must end by itself."""
    if not stage.prompts:
        _run_empty(stage)
        return
    prompt = stage.prompts[0]
    stage.begin(PhaseName.PROMPT)
    stage.prompt_sent(prompt)
    began = time.monotonic()
    stage.start_app(argv_prompt=prompt)
    ended = stage.wait(stage.pace.answer, lambda: not stage.app_running())
    seconds = time.monotonic() - began
    stage.wait(stage.pace.quiet / 2)  # its last words may still be on their way to us
    error = "" if ended else f"The app did not end within {seconds:.0f} s of its prompt."
    stage.answer(prompt, answer_in(stage.output(), prompt.text), seconds, error)
    if error:
        stage.say(error)
    settle(stage)


def _run_empty(stage: Stage) -> None:
    stage.begin(PhaseName.PROMPT)
    stage.start_app(argv_prompt=Prompt(index=1, text="", canary="", marker=""))
    stage.wait(stage.pace.answer, lambda: not stage.app_running())
    settle(stage)
