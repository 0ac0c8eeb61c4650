"""Errors the command line acts on: each names what failed, why, and what to try.

Not for parsers: those raise ValueError, and whoever called them decides what it means.
"""

from __future__ import annotations

import enum
import signal


class ExitCode(enum.IntEnum):
    """Exit statuses of the command, the same for every output format."""

    PASS = 0
    FINDING = 1
    USAGE = 2
    INCONCLUSIVE = 3
    BUG = 70
    SIGNAL_BASE = 128


class AuditError(Exception):
    """A failure with a known cause that the user can do something about."""

    exit_code: ExitCode = ExitCode.INCONCLUSIVE

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"


class UsageError(AuditError):
    """Wrong options, configuration or rules: nothing was run."""

    exit_code = ExitCode.USAGE


class BoxUnavailable(AuditError):
    """This kernel or container does not allow the box to be built."""


class RecordingFailed(AuditError):
    """The box stood, but the app, the capture or the disk failed under it."""


class Interrupted(Exception):
    """A signal asked us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Ended by {signal.Signals(number).name}.")
        self.number = number
        self.exit_code = ExitCode.SIGNAL_BASE + number
