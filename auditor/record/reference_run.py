"""Gives the reference the two things it needs of the box: starting a program, and reaching its port.

Not the reference itself: that is `auditor.reference`.
"""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from auditor.evidence.journal import Journal
from auditor.model.prompt import Prompt
from auditor.record.output import Output
from auditor.reference import run as reference
from auditor.sandbox.box import Box
from auditor.sandbox.program import Program

_GRACE_S = 2.0


class _Child:
    """A program of the reference, as `auditor.reference.run.Child` wants it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._output = Output(program.output, None, on_change=lambda: None)
        self._closed = False

    def output(self) -> bytes:
        return self._output.since(0)

    def running(self) -> bool:
        return not self._closed and self._program.running

    def terminate(self) -> None:
        if self._closed:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._program.kill(number)
            if self._program.wait(_GRACE_S):
                break
        self._output.finish()
        self._program.close()
        self._closed = True


def run_reference(box: Box, journal: Journal, model: Path, prompts: tuple[Prompt, ...]) -> None:
    """Run plain llama.cpp in the box on the same prompts; what happens is in the journal."""

    def start(argv: tuple[str, ...], environment: dict[str, str]) -> _Child:
        return _Child(box.spawn(argv, role=reference.ROLE, environment=environment, terminal=False, cwd="/"))

    def connect(port: int) -> socket.socket:
        return box.connect(port)

    reference.run_reference(
        model=model,
        prompts=prompts,
        box=reference.Box(start=start, connect=connect),
        parent_env=dict(os.environ),
        write=lambda what: journal.write("reference", what),
    )
