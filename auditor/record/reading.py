"""Tells whether a program of the box waits for its standard input.

Not certain for programs that wait with poll or epoll: those only look idle.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

# System call numbers of read, pread64, readv (arch/*/entry/syscalls, include/uapi/asm-generic/unistd.h).
_READS: Final = {"x86_64": {0, 17, 19}, "aarch64": {63, 67, 65}}


def wants_input(init_pid: int, pipe_inode: int) -> bool:
    """Whether any thread below `init_pid` sleeps in a read of the pipe with that inode."""
    import psutil  # noqa: PLC0415 - first needed when the app runs, which should not wait for it

    try:
        processes = psutil.Process(init_pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return False
    return any(_reads(process.pid, pipe_inode) for process in processes)


def _reads(pid: int, pipe_inode: int) -> bool:
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            # proc_pid_syscall(5): number and arguments in hex, or `running`.
            fields = (task / "syscall").read_text().split()
            if len(fields) < 2 or int(fields[0]) not in _READS.get(platform.machine(), set()):
                continue
            if Path(f"/proc/{pid}/fd/{int(fields[1], 16)}").stat().st_ino == pipe_inode:
                return True
    except (OSError, ValueError):
        return False  # it ended while we looked
    return False
