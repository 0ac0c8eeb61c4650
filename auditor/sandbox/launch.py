"""Starts one program inside the box: session, terminal, descriptors, seccomp filter, execve.

Runs in pid 1 and, between fork and execve, in its child. Not the choice of filter: the hand-over is
passed in.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
import tty
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from typing import NoReturn

from auditor.kernel import syscalls
from auditor.sandbox import limits
from auditor.sandbox.plan import BoxPlan

HandOver = Callable[[str], None]
"""Called in the child with the role of the program: installs the filter, sends the listener away."""

_ROWS, _COLUMNS = 40, 120
_ERROR = struct.Struct("=i")
# asm-generic/ioctls.h; the same on every architecture that Python's manylinux wheels exist for.
_TIOCSPTLCK = 0x40045431
_TIOCGPTN = 0x80045430


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A program that has reached execve."""

    pid: int
    """As pid 1 sees it."""
    descriptors: tuple[int, int]
    """A pidfd, and the side of the program's output that we read; the caller closes both."""


def launch(message: dict[str, Any], fds: list[int], plan: BoxPlan, hand_over: HandOver) -> Launched:
    """Fork and exec what `message` describes.

    Args:
        message: `argv`, `env`, `cwd`, `role`, `tty`.
        fds: The program's standard input, if it is to have one.
        plan: For the user to run as.
        hand_over: See `HandOver`.

    Raises:
        OSError: the program could not be started.
    """
    ours, theirs = _terminal() if message["tty"] else os.pipe2(os.O_CLOEXEC)
    failure, failure_write = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become(message, fds, theirs, failure_write, plan, hand_over)
    os.close(theirs)
    os.close(failure_write)
    with os.fdopen(failure, "rb") as pipe:
        problem = pipe.read(_ERROR.size)
    if problem:
        os.close(ours)
        os.waitpid(pid, 0)
        number = _ERROR.unpack(problem)[0]
        raise OSError(number, os.strerror(number))
    return Launched(pid=pid, descriptors=(syscalls.pidfd_open(pid), ours))


def _terminal() -> tuple[int, int]:
    """A pseudo-terminal of the box's own: ours, theirs. Raw, so that output arrives as it was written."""
    ours = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(ours, _TIOCSPTLCK, struct.pack("=i", 0))
    number = struct.unpack("=I", fcntl.ioctl(ours, _TIOCGPTN, bytes(4)))[0]
    theirs = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    tty.setraw(theirs)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("=HHHH", _ROWS, _COLUMNS, 0, 0))
    return ours, theirs


def _become(
    message: dict[str, Any],
    fds: list[int],
    output: int,
    failure: int,
    plan: BoxPlan,
    hand_over: HandOver,
) -> NoReturn:
    try:
        reset_signals()
        os.setsid()
        if message["tty"]:
            if os.getuid() != plan.uid:
                os.fchown(output, plan.uid, -1)
            fcntl.ioctl(output, termios.TIOCSCTTY, 0)
        drop_to_user(plan)
        os.chdir(message["cwd"])
        stdin = fds[0] if fds else os.open("/dev/null", os.O_RDONLY)
        for source, target in ((stdin, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        # Pid 1 is closed to everyone, and so is its copy; the watcher must be able to read our execve.
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
        limits.impose(own_user_namespace=plan.user_namespace)
        hand_over(message["role"])
        os.dup2(failure, 3, inheritable=False)
        failure = 3
        syscalls.close_from(4)
        os.execvpe(message["argv"][0], message["argv"], message["env"])  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(failure, _ERROR.pack(error.errno or 0))
    finally:
        os._exit(127)


def reset_signals() -> None:
    """Python ignores SIGPIPE and SIGXFSZ; programs expect the defaults."""
    signal.set_wakeup_fd(-1)
    for number in (
        signal.SIGCHLD,
        signal.SIGPIPE,
        signal.SIGXFSZ,
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):
        signal.signal(number, signal.SIG_DFL)


def drop_to_user(plan: BoxPlan) -> None:
    """Under sudo the app runs as the user who called; with root's number the last capabilities go, too."""
    if os.getuid() != plan.uid:
        os.setgroups(plan.groups)
        os.setresgid(plan.gid, plan.gid, plan.gid)
        os.setresuid(plan.uid, plan.uid, plan.uid)
