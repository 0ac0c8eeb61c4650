"""Runs a Python function of ours in the box, in a process that never calls execve(2).

Not a way to start programs: that is `launch`. What is imported already needs no interpreter to start, so
an errand takes milliseconds. It must end before the app is started: its memory is a copy of pid 1's.
"""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable
from typing import Any
from typing import NoReturn

from auditor.kernel import syscalls
from auditor.sandbox.launch import HandOver
from auditor.sandbox.launch import drop_to_user
from auditor.sandbox.launch import reset_signals
from auditor.sandbox.plan import BoxPlan

Errand = Callable[[socket.socket, dict[str, Any]], None]
"""(line to whoever sent it, what to do): runs as the app's user, filtered like the app."""


def no_errand(_line: socket.socket, _task: dict[str, Any]) -> None:
    """For boxes that are sent on none."""


def run(message: dict[str, Any], line: int, plan: BoxPlan, hand_over: HandOver, errand: Errand) -> int:
    """Fork a process for an errand; it ends by itself.

    Args:
        message: `role`, and `task` for the errand.
        line: Descriptor of a socket; the only one that the process keeps.
        plan: For the user to run as.
        hand_over: See `HandOver`.
        errand: What to run.

    Returns:
        Its pid, as pid 1 sees it.

    Raises:
        OSError: fork(2) failed.
    """
    pid = os.fork()
    if pid == 0:
        _become(message, line, plan, hand_over, errand)
    return pid


def _become(
    message: dict[str, Any], line: int, plan: BoxPlan, hand_over: HandOver, errand: Errand
) -> NoReturn:
    status = 1
    try:
        gc.freeze()  # nothing of pid 1's is collected here: it would close numbers in use again
        reset_signals()
        os.setsid()
        drop_to_user(plan)
        os.chdir("/")
        null = os.open("/dev/null", os.O_RDWR)
        for target in (0, 1, 2):
            os.dup2(null, target)
        # Pid 1 is closed to everyone, and so is its copy; the watcher must be able to read our calls.
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
        hand_over(message["role"])
        os.dup2(line, 3, inheritable=False)
        syscalls.close_from(4)
        errand(socket.socket(fileno=3), message["task"])
        status = 0
    finally:
        os._exit(status)
