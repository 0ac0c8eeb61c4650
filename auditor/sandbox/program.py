"""A program that was started in the box, seen from outside.

Not its observations: those come from the capture.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from auditor.kernel.ready import readable


@dataclass(slots=True, kw_only=True)
class Program:
    """One program; owns its two descriptors."""

    pid: int
    """As pid 1 of the box sees it."""
    pidfd: int
    output: int
    """Read side of its standard output and error."""
    role: str
    ask_status: Callable[[int], int | None]

    @property
    def running(self) -> bool:
        """False as soon as the process has ended; its children may live on."""
        return not readable(self.pidfd, timeout_s=0)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False when the time ran out first."""
        return bool(readable(self.pidfd, timeout_s=timeout_s))

    @property
    def status(self) -> str:
        """How it ended, in words: `exit 0`, `signal 9 (SIGKILL)`, or `running`."""
        if self.running:
            return "running"
        raw = self.ask_status(self.pid)
        if raw is None:
            return "ended"
        code = os.waitstatus_to_exitcode(raw)
        return f"exit {code}" if code >= 0 else f"signal {-code} ({signal.Signals(-code).name})"

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal; nothing happens when it has ended already."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, number)

    def close(self) -> None:
        """Release the descriptors; the program itself is left alone."""
        for descriptor in (self.pidfd, self.output):
            with contextlib.suppress(OSError):
                os.close(descriptor)
