"""The app on the stage: what drivers may do to it, done with the box.

Not a driver, and not the recording's order of events: those are `auditor.drivers` and
`auditor.record.recording`.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from typing import BinaryIO

from auditor.drivers.prompts import DOCUMENT_FILE
from auditor.drivers.prompts import IN_COMMAND
from auditor.drivers.stage import Pace
from auditor.errors import RecordingFailed
from auditor.evidence.journal import Journal
from auditor.model.markers import contains_marker
from auditor.model.observation import AnswerReceived
from auditor.model.observation import GapNoted
from auditor.model.observation import PromptSent
from auditor.model.prompt import Prompt
from auditor.model.run import PhaseName
from auditor.record.disk import check_disk
from auditor.record.output import Output
from auditor.record.publishing import Publisher
from auditor.record.reading import wants_input
from auditor.record.settings import Settings
from auditor.sandbox.box import Box
from auditor.sandbox.program import Program

_TICK_S = 0.02
_ANSWER_CAP = 4000
_ROLE = "app"


class AppStage:
    """Implements `auditor.drivers.stage.Stage` for one recording."""

    def __init__(
        self,
        *,
        settings: Settings,
        box: Box,
        journal: Journal,
        prompts: tuple[Prompt, ...],
        document: str = "",
        log: BinaryIO,
        listeners: Callable[[], tuple[tuple[str, int], ...]],
        say: Callable[[str], None],
        on_start: Callable[[], None],
    ) -> None:
        """Nothing is started yet; `on_start` is called as soon as the app is."""
        self.prompts = prompts
        self.pace = Pace(
            idle=settings.idle_s, settle=settings.settle_s, ready=settings.ready_s, answer=settings.answer_s
        )
        self.url = settings.url
        self.api_key = settings.api_key
        self.published = settings.publish
        self.planted: set[str] = set()
        """Paths in the box that we wrote ourselves."""
        self.program: Program | None = None
        self._settings = settings
        self._document = document
        self._box = box
        self._journal = journal
        self._log = log
        self._listeners = listeners
        self._say = say
        self._on_start = on_start
        self._deadline = time.monotonic() + settings.timeout_s
        self._output: Output | None = None
        self._stdin = -1
        self._publisher = Publisher(box.connect)

    @property
    def prompt_in_command(self) -> bool:
        """Whether the command has a place for the prompt."""
        return any(place in word for word in self._settings.command for place in IN_COMMAND)

    def remaining(self) -> float:
        """Seconds until `--timeout`."""
        return max(0.0, self._deadline - time.monotonic())

    def begin(self, phase: PhaseName) -> None:
        """Switch the journal's phase."""
        self._journal.begin_phase(phase)

    def start_app(self, *, argv_prompt: Prompt | None = None, stdin: bool = False) -> None:
        """Start the command in the box.

        Raises:
            RecordingFailed: execve(2) refused it.
        """
        argv = self._command(argv_prompt)
        theirs = -1
        if stdin:
            theirs, self._stdin = os.pipe2(os.O_CLOEXEC)
        try:
            self.program = self._box.spawn(argv, role=_ROLE, stdin=theirs if stdin else None)
        except OSError as error:
            raise RecordingFailed(
                f"{argv[0]} could not be started in the box: {error.strerror or error}.",
                fix="Check that it runs outside (the interpreter that its first line names, its libraries), "
                "and that it does not lie below /run or /var/tmp, which are empty in the box.",
            ) from error
        finally:
            if stdin:
                os.close(theirs)
        self._output = Output(self.program.output, self._log, on_change=lambda: None)
        self._on_start()

    def _command(self, prompt: Prompt | None) -> list[str]:
        argv = list(self._settings.command)
        if prompt is not None:
            argv = [word.replace("{prompt}", prompt.text) for word in argv]
            argv = self._with_file(argv, "{prompt_file}", prompt.text)
        return self._with_file(argv, DOCUMENT_FILE, self._document)

    def _with_file(self, argv: list[str], place: str, text: str) -> list[str]:
        """Put the path of a new file that holds `text` in the place that the command has for it."""
        if not any(place in word for word in argv):
            return argv
        path = f"/tmp/{secrets.token_hex(4)}.txt"
        self._box.write_file(path, text.encode() + b"\n")
        self.planted.add(path)
        return [word.replace(place, path) for word in argv]

    def app_running(self) -> bool:
        """Whether the process that was started still runs."""
        return self.program is not None and self.program.running

    def status(self) -> str:
        """How the app ended, or that it has not."""
        if self.program is None:
            return "never started"
        return "still running at the end" if self.program.running else self.program.status

    def box_alive(self) -> bool:
        """Whether any process of the app is left."""
        return self._box.process_count() > 0

    def stdin_wanted(self) -> bool:
        """Whether a process sleeps in a read of the pipe that we write to."""
        return self._stdin >= 0 and wants_input(self._box.init_pid, os.fstat(self._stdin).st_ino)

    def wait(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Let time pass until `until()` or the end."""
        end = time.monotonic() + min(seconds, self.remaining())
        while True:
            check_disk(self._journal.path.parent, self._journal.failed)
            if until is not None and until():
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_TICK_S, left))

    def output(self, since: int = 0) -> bytes:
        """What the app printed after byte `since`."""
        return self._output.since(since) if self._output else b""

    def write_stdin(self, data: bytes) -> None:
        """Write to the app's standard input.

        Raises:
            OSError: EPIPE when nobody reads it any more.
        """
        os.write(self._stdin, data)

    def close_stdin(self) -> None:
        """End the app's standard input."""
        if self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1

    def listeners(self) -> tuple[tuple[str, int], ...]:
        """What the app listens on now."""
        return self._listeners()

    def connect(self, port: int) -> socket.socket:
        """Connect to a port of the app."""
        return self._box.connect(port)

    def publish(self, port: int, host_port: int) -> int:
        """Make a port of the app reachable on the host's loopback."""
        return self._publisher.publish(port, host_port)

    def heard(self) -> tuple[bytes, ...]:
        """What the app said through published ports."""
        return self._publisher.heard()

    def prompt_sent(self, prompt: Prompt) -> None:
        """Journal a prompt."""
        what = PromptSent(role=_ROLE, index=prompt.index, text=prompt.text, canary=prompt.canary)
        self._journal.write("driver", what)

    def answer(self, prompt: Prompt, text: str, seconds: float, error: str = "") -> None:
        """Journal an answer."""
        expect = self._settings.expect
        self._journal.write(
            "driver",
            AnswerReceived(
                role=_ROLE,
                index=prompt.index,
                text=text[:_ANSWER_CAP],
                contains_marker=bool(prompt.marker) and contains_marker(text, prompt.marker),
                contains_expected=expect in text if expect else None,
                vouched=self._settings.accept_unproven_answer,
                seconds=round(seconds, 3),
                error=error,
            ),
        )

    def say(self, text: str) -> None:
        """Tell the user."""
        self._say(text)

    def gap(self, text: str, *, blinds: bool, principle: int = 0) -> None:
        """Journal a gap."""
        self._journal.write(
            "driver", GapNoted(observer="driver", text=text, blinds=blinds, principle=principle)
        )

    def close(self) -> OSError | None:
        """Let go of the app; returns the first error in writing its log. May be called twice."""
        self._publisher.close()
        self.close_stdin()
        error = None
        if self._output is not None:
            self._output.finish()
            self._note_flood(self._output)
            error, self._output = self._output.log_error, None
        if self.program is not None:
            self.program.close()
            self.program = None
        return error

    def _note_flood(self, output: Output) -> None:
        if output.unlogged:
            text = f"The app printed {output.total:,} bytes; the last {output.unlogged:,} are not in app.log."
            self.gap(text, blinds=False)
