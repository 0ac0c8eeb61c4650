"""From a thread id in a notification to its process, fast, and without mistaking a recycled id.

Not the record of processes: that is `auditor.capture.census`.
"""

from __future__ import annotations

import os
import signal
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from auditor.capture import proc
from auditor.kernel.syscalls import PIDFD_THREAD
from auditor.kernel.syscalls import pidfd_getfd
from auditor.kernel.syscalls import pidfd_open

_CACHED: Final = 256


@dataclass(frozen=True, slots=True)
class Task:
    """A thread, held by a descriptor that no later thread can inherit."""

    tid: int
    stat: proc.Stat
    """Of its process."""
    root: bytes
    """Where the process sees `/`, empty unless it called chroot(2)."""
    pidfd: int

    def lives(self) -> bool:
        """Whether its number is still its own."""
        try:
            signal.pidfd_send_signal(self.pidfd, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it changed its user
            return True
        return True


class TaskTable:
    """The threads that called last."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[int, Task] = OrderedDict()

    def fresh(self, tid: int) -> Task:
        """Look the thread up anew.

        Raises:
            OSError: it is gone.
        """
        self._forget(tid)
        task = _open(tid)
        self._tasks[tid] = task
        if len(self._tasks) > _CACHED:
            self._forget(next(iter(self._tasks)))
        return task

    def last(self, tid: int) -> Task:
        """The thread of this number that called last, or that has it now.

        Whoever read something of it believes that only if `lives` is true afterwards.

        Raises:
            OSError: it is gone.
        """
        return self._tasks.get(tid) or self.fresh(tid)

    def with_descriptor(self, tid: int, fd: int) -> tuple[Task, int]:
        """The thread, and a duplicate of its descriptor `fd`; -1 when it has no such one.

        A remembered thread is trusted only because the duplicate was made through its own pidfd.

        Raises:
            OSError: the thread is gone.
        """
        task = self._tasks.get(tid)
        if task is not None:
            try:
                return task, pidfd_getfd(task.pidfd, fd)
            except OSError:
                pass  # ESRCH: that thread died and its number went round; or a bad descriptor
        task = self.fresh(tid)
        try:
            return task, pidfd_getfd(task.pidfd, fd)
        except OSError:
            return task, -1

    def _forget(self, tid: int) -> None:
        task = self._tasks.pop(tid, None)
        if task is not None:
            os.close(task.pidfd)


def _open(tid: int) -> Task:
    try:
        pidfd, pid = pidfd_open(tid), tid
    except OSError:  # no leader of a process: ENOENT since Linux 6.9, EINVAL before
        pid = proc.leader(tid)
        pidfd = _open_thread(tid, pid)
    try:
        return Task(tid, proc.stat(pid), os.readlink(b"/proc/%d/root" % pid).rstrip(b"/"), pidfd)
    except OSError:
        os.close(pidfd)
        raise


def _open_thread(tid: int, pid: int) -> int:
    try:
        return pidfd_open(tid, PIDFD_THREAD)
    except OSError:
        return pidfd_open(pid)  # before Linux 6.9: threads share their descriptors, almost always
