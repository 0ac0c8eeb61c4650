"""Stops an app before it takes the machine down: a disk that runs full, a box that is full of processes.

Not a bound by itself: the number of processes is bounded by the kernel (`auditor.sandbox.limits`); here it
is noticed. A disk cannot be bounded without privilege, so its room is watched.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from auditor.capture.sockets import descendants
from auditor.evidence.journal import Journal
from auditor.model.observation import GapNoted
from auditor.record.disk import ROOM
from auditor.record.disk import free
from auditor.sandbox import limits
from auditor.sandbox.box import Box

SMALL: Final = 64 << 20
"""A disk with less room than this at the start is not watched: there a write error ends the recording."""
TICK_S: Final = 0.05
_CROWD_TICKS = 5
_NEARLY = 0.95
_ENDING_S = 10.0
_OBSERVER = "record"


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """One file system and the room that must stay on it."""

    path: Path
    floor: int
    """Bytes."""

    @classmethod
    def at(cls, path: Path) -> Disk:
        """Watch the file system of `path`; a disk that is short of room already keeps a quarter of it."""
        room = free(path)
        return cls(path=path, floor=min(ROOM, room // 4) if room >= SMALL else 0)

    def problem(self) -> str:
        """Why the app must stop, empty when it need not."""
        if free(self.path) >= self.floor:
            return ""
        return f"it left less than {self.floor >> 20} MiB free on the disk of {self.path}"


class Guard:
    """Looks every `TICK_S` from a thread of its own, from the start of the app to its end."""

    def __init__(self, box: Box, journal: Journal, paths: Iterable[Path]) -> None:
        """Watch nothing yet.

        Args:
            box: What to stop.
            journal: Told when something was stopped.
            paths: Places that the recording writes to.
        """
        self.stopped = ""
        """Why the app was stopped, a clause; empty when it was not."""
        self._box = box
        self._journal = journal
        self._paths = tuple(paths)
        self._disks: tuple[Disk, ...] = ()
        self._idle_machine = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)

    def start(self) -> None:
        """Begin; from now on whatever fills the disk is the app's doing."""
        self._disks = tuple(Disk.at(path) for path in self._paths)
        self._idle_machine = _tasks_of_the_machine()
        self._thread.start()

    def stop(self) -> None:
        """End; may be called without `start`, and twice."""
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        ticks = 0
        while not self._done.wait(TICK_S):
            ticks += 1
            try:
                why = next(filter(None, (disk.problem() for disk in self._disks)), "")
                if not why and ticks % _CROWD_TICKS == 0:
                    why = self._crowd()
            except OSError:  # the box is being taken down
                continue
            if why:
                self._end(why)
                return

    def _crowd(self) -> str:
        most = limits.MAX_TASKS
        count = self._count(int(most * _NEARLY))
        if count < most * _NEARLY:
            return ""
        return f"it had {min(count, most):,} processes and threads, of at most {most:,}"

    def _count(self, alarming: int) -> int:
        """Processes and threads in the box; 0 when they cannot be so many that it matters.

        Thousands of processes leave us little of the processor, so that they are not looked at one by one.
        """
        if self._box.cage is not None:
            return limits.tasks_in(self._box.cage)
        more = _tasks_of_the_machine() - self._idle_machine
        if more < alarming:
            return 0
        return more if self._box.process_count() > alarming // 4 else _tasks_below(self._box.init_pid)

    def _end(self, why: str) -> None:
        self.stopped = why
        text = f"The app was stopped because {why}; what it would have done afterwards was not seen."
        self._journal.write(_OBSERVER, GapNoted(observer=_OBSERVER, text=text, blinds=True))
        until = time.monotonic() + _ENDING_S
        while time.monotonic() < until:
            try:
                self._box.signal_all(signal.SIGKILL)
                if self._box.process_count() == 0:
                    return
            except OSError:  # the box is gone
                return
            time.sleep(TICK_S)


def _tasks_of_the_machine() -> int:
    """All processes and threads there are, by the second number of the fourth field (proc_loadavg(5))."""
    return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])


def _tasks_below(init: int) -> int:
    count = 0
    for pid in descendants(init):
        with contextlib.suppress(OSError):  # it ended meanwhile
            count += Path(f"/proc/{pid}/task").stat().st_nlink - 2  # proc_task_getattr in fs/proc/base.c
    return count
