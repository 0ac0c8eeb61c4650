"""Processes inside the box, keyed so that a recycled pid is another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

ProcessKey = NewType("ProcessKey", str)
"""`PID.STARTTIME`: pid as the host sees it, start time in clock ticks (proc_pid_stat(5), field 22)."""


def process_key(pid: int, start_ticks: int) -> ProcessKey:
    """Key of a process.

    >>> process_key(41, 9001)
    '41.9001'
    """
    return ProcessKey(f"{pid}.{start_ticks}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of the app."""

    key: ProcessKey
    pid: int
    """As the host sees it."""
    parent: ProcessKey | None
    """None for the first process of the box."""
    executable: str
    """Absolute path of the program that ran last in this process; empty when it could not be read."""
    argv: tuple[str, ...]
    start_s: float
    end_s: float | None
    role: str = "app"
    """`app`, `control` or `reference`: which of our three launches it descends from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process behind an observation, with how sure we are."""

    key: ProcessKey | None
    pid: int
    executable: str
    argv: tuple[str, ...]
    ancestry: tuple[str, ...]
    """Executables from the parent up to the app's first process."""
    attribution: str
    """Method: `cookie`, `inode`, `bind`, `recent-connect`, `open`, `rename`, `unknown`."""


NOBODY = Owner(key=None, pid=0, executable="", argv=(), ancestry=(), attribution="unknown")
"""No process could be named."""
