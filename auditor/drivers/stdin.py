"""Driver `stdin`: prompts are lines of the app's standard input, its output is the answer.

Serves two kinds of program without knowing which it is: those that answer line by line, and filters
that answer once their input has ended.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from auditor.drivers.stage import launch
from auditor.drivers.stage import settle
from auditor.drivers.terminal import answer_in
from auditor.model.run import PhaseName

if TYPE_CHECKING:
    from auditor.drivers.stage import Stage
    from auditor.model.prompt import Prompt


def drive(stage: Stage) -> None:
    """Start the app, let it greet, and talk to it."""
    launch(stage, stdin=True)
    stage.wait(stage.pace.ready, _Listener(stage, 0).greeting)
    use(stage)


def use(stage: Stage) -> None:
    """Talk to an app that runs already."""
    stage.begin(PhaseName.IDLE)
    stage.wait(stage.pace.idle, lambda: not stage.app_running())
    stage.begin(PhaseName.PROMPT)
    for number, prompt in enumerate(stage.prompts, start=1):
        if not _talk(stage, prompt, last=number == len(stage.prompts)):
            break
    stage.close_stdin()
    settle(stage)


def _talk(stage: Stage, prompt: Prompt, *, last: bool) -> bool:
    """Say one prompt and listen; False when there is no use in another."""
    began, seen = time.monotonic(), len(stage.output())
    stage.prompt_sent(prompt)
    try:
        stage.write_stdin(prompt.text.encode() + b"\n")
    except OSError:
        _record(stage, prompt, seen, began, error="The app does not read its standard input any more.")
        return False
    listening = _Listener(stage, seen)
    stage.wait(stage.pace.answer, listening.first_answer)
    if listening.wants_end or last:
        stage.close_stdin()
        stage.wait(stage.pace.answer - (time.monotonic() - began), listening.last_answer)
    answered = len(stage.output()) > seen
    _record(stage, prompt, seen, began, error="" if answered else _no_answer(stage, began))
    return answered and not listening.wants_end and stage.app_running()


def _record(stage: Stage, prompt: Prompt, seen: int, began: float, *, error: str) -> None:
    text = answer_in(stage.output(seen), prompt.text)
    stage.answer(prompt, text, time.monotonic() - began, error)
    if error:
        stage.say(error)


def _no_answer(stage: Stage, began: float) -> str:
    if stage.app_running():
        return f"The app wrote nothing within {time.monotonic() - began:.0f} s of its prompt."
    return "The app ended without an answer."


class _Listener:
    """Notices when the output for one prompt is complete."""

    def __init__(self, stage: Stage, seen: int) -> None:
        self._stage = stage
        self._before = self._seen = seen
        self._changed = time.monotonic()
        self.wants_end = False
        """The app has read the prompt and wants more input before it answers."""

    def greeting(self) -> bool:
        """The app reads its input, or said something and fell silent, or ended."""
        return self._stage.stdin_wanted() or self.last_answer()

    def first_answer(self) -> bool:
        """The app answered and reads again, or fell silent, or ended, or wants more input."""
        spoke, quiet = self._listen()
        reads = self._stage.stdin_wanted()
        self.wants_end = reads and not spoke and quiet > self._stage.pace.patience
        enough = self._stage.pace.quiet if reads else self._stage.pace.silence
        return self.wants_end or (spoke and quiet > enough) or self._ended(quiet)

    def last_answer(self) -> bool:
        """The app ended, or answered and fell silent."""
        spoke, quiet = self._listen()
        return (spoke and quiet > self._stage.pace.silence) or self._ended(quiet)

    def _listen(self) -> tuple[bool, float]:
        """(whether there is any output, seconds since the last of it)."""
        now, new = time.monotonic(), len(self._stage.output(self._seen))
        if new:
            self._seen, self._changed = self._seen + new, now
        return self._seen > self._before, now - self._changed

    def _ended(self, quiet: float) -> bool:
        # A moment longer than the process: its last words may still be in the pipe.
        return not self._stage.app_running() and quiet > self._stage.pace.quiet / 2
