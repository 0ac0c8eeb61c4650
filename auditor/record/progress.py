"""A live line for each phase and each new contact, on standard error.

Not the journal, and not a verdict: it names what it sees as soon as it can, and may name less than
the report will.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import PurePath
from typing import TYPE_CHECKING
from typing import TextIO

from auditor.model.observation import DnsQuery
from auditor.model.observation import Entry
from auditor.model.observation import FlowOpened
from auditor.model.observation import PhaseBegan
from auditor.model.observation import ProcessSeen
from auditor.model.observation import SocketCall
from auditor.model.run import APP_PHASES

if TYPE_CHECKING:
    from rich.status import Status

_TITLES = {
    "start": "starting the app",
    "idle": "watching it idle",
    "prompt": "giving it a prompt",
    "settle": "waiting for what comes late",
    "stop": "stopping it",
    "control": "checking that the observers see",
    "reference": "running plain llama.cpp in the same box",
    "judge": "judging",
}
_WAIT_S = 0.5
"""How long a contact waits for its process to become known before it is shown without."""


class Progress:
    """Turns journal entries into lines; a spinner when standard error is a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._names: dict[str, str] = {}
        self._owners: dict[int, str] = {}
        self._ours: set[int] = set()
        """Cookies of sockets that our own programs opened: no contacts of the app."""
        self._programs: dict[str, str] = {}
        self._waiting: list[tuple[float, FlowOpened]] = []
        self._shown: set[tuple[str, str, int]] = set()
        self._status: Status | None = None
        self._spins = self._stream.isatty() and os.environ.get("TERM") != "dumb"

    def phase(self, name: str) -> None:
        """A phase begins."""
        title = _TITLES.get(name, name)
        if self._status is not None:
            self._status.update(f"{title} ...")
        elif self._spins:
            # Not earlier: it turns in a thread, and until the first phase processes are forked.
            self._status = _spinner(self._stream, f"{title} ...")
        self._print(f"{name:<10} {title}")

    def note(self, text: str) -> None:
        """Something worth a line."""
        self._print(f"{'':<10} {text}")

    def see(self, entry: Entry) -> None:
        """Take notice of a journal entry."""
        what = entry.what
        if isinstance(what, ProcessSeen):
            self._programs[what.key] = what.executable
        elif isinstance(what, SocketCall):
            self._owners[what.cookie] = what.process
            if what.role != "app":
                self._ours.add(what.cookie)
        elif isinstance(what, DnsQuery):
            self._names.update(dict.fromkeys(what.answers, what.name))
        elif isinstance(what, PhaseBegan):
            self.phase(what.name)
        elif isinstance(what, FlowOpened) and entry.phase in APP_PHASES and what.cookie not in self._ours:
            self._waiting.append((time.monotonic(), what))
        self._show_contacts()

    def close(self) -> None:
        """Show what still waits, and take the spinner away."""
        self._show_contacts(force=True)
        if self._status is not None:
            self._status.stop()
            self._status, self._spins = None, False

    def _show_contacts(self, *, force: bool = False) -> None:
        remaining = []
        for since, flow in self._waiting:
            program = self._programs.get(flow.owner or self._owners.get(flow.cookie, ""), "")
            if program or force or time.monotonic() - since > _WAIT_S:
                self._show(flow, PurePath(program).name or "a process")
            else:
                remaining.append((since, flow))
        self._waiting = remaining

    def _show(self, flow: FlowOpened, program: str) -> None:
        name = self._names.get(flow.ip, flow.ip)
        contact = (program, name, flow.port)
        if contact not in self._shown:
            self._shown.add(contact)
            self._print(f"{'contact':<10} {program} -> {name}:{flow.port} ({flow.transport})")

    def _print(self, text: str) -> None:
        line = "".join(char if char.isprintable() else "?" for char in text)
        if self._status is not None:
            self._status.console.print(line, markup=False, highlight=False)
        else:
            self._stream.write(line + "\n")
            self._stream.flush()


def _spinner(stream: TextIO, text: str) -> Status:
    from rich.console import Console  # noqa: PLC0415 - costs more than the rest of the start

    status = Console(file=stream).status(text)
    status.start()
    return status
