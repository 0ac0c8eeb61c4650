"""Reading one process under /proc (proc(5)): who it is, who its parent is, what it runs.

Not a process list: whoever asks knows the pid. A process may be gone at any line; then ProcessLookupError
or FileNotFoundError is raised, both of them OSError.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from auditor.model.process import ProcessKey
from auditor.model.process import process_key

MAX_ARGUMENTS: Final = 64
MAX_ARGUMENT: Final = 2048
"""Bytes kept of one argument."""
MAX_ARGV: Final = 16 << 10
"""Bytes kept of all of them."""
_MAX_STATUS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """The part of /proc/PID/stat that tells who a process is (proc_pid_stat(5))."""

    pid: int
    parent: int
    group: int
    session: int
    start: int
    """Clock ticks after boot."""
    key: ProcessKey
    """Name of the process that no other ever has."""


def read(path: str, limit: int) -> bytes:
    """The first `limit` bytes of a file in one go; never waits for a fifo or a lease."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(handle, limit)
    finally:
        os.close(handle)


def stat(pid: int) -> Stat:
    """Identity of a process.

    Raises:
        OSError: it is gone.
    """
    # The second field holds the program's name, which may contain blanks and parentheses.
    fields = read(f"/proc/{pid}/stat", 1024).rpartition(b")")[2].split()
    start = int(fields[19])
    return Stat(
        pid=pid, parent=int(fields[1]), group=int(fields[2]), session=int(fields[3]), start=start,
        key=process_key(pid, start),
    )  # fmt: skip


def leader(tid: int) -> int:
    """Pid of the process that thread `tid` belongs to.

    Raises:
        OSError: it is gone.
    """
    head, found, rest = read(f"/proc/{tid}/status", _MAX_STATUS).partition(b"\nTgid:")
    del head
    if not found:
        raise ProcessLookupError(tid)
    return int(rest.split(None, 1)[0])


def text(raw: bytes) -> str:
    """Bytes from the kernel as text that can be written as JSON, whatever they are."""
    return raw.decode("utf-8", "backslashreplace")


def executable(pid: int) -> str:
    """Path of the running program; empty when it cannot be read."""
    return _link(b"/proc/%d/exe" % pid)


def directory(pid: int) -> str:
    """Working directory; empty when it cannot be read."""
    return _link(b"/proc/%d/cwd" % pid)


def _link(path: bytes) -> str:
    try:
        return text(os.readlink(path))
    except OSError:
        return ""


def arguments(pid: int) -> tuple[str, ...]:
    """Arguments as they are now; a program may have overwritten them."""
    try:
        raw = read(f"/proc/{pid}/cmdline", MAX_ARGV)
    except OSError:
        return ()
    if not raw:  # a zombie, or one in the middle of its execve
        return ()
    return tuple(text(each[:MAX_ARGUMENT]) for each in raw.removesuffix(b"\0").split(b"\0")[:MAX_ARGUMENTS])
