"""Pid 1 of the box: assembles it, gives up every privilege, then starts programs when told to.

Not a service manager: it reaps, answers the supervisor's few requests, and when the supervisor is
gone it exits, which ends everything in the box.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import NoReturn

from auditor.kernel import syscalls
from auditor.sandbox import errand as errands
from auditor.sandbox import mounts
from auditor.sandbox.channel import Channel
from auditor.sandbox.channel import ChannelClosed
from auditor.sandbox.errand import Errand
from auditor.sandbox.launch import HandOver
from auditor.sandbox.launch import launch
from auditor.sandbox.layout import new_root
from auditor.sandbox.plan import BoxPlan

_FOR_ANOTHER_USER = (syscalls.CAP_CHOWN, syscalls.CAP_KILL, syscalls.CAP_SETGID, syscalls.CAP_SETUID)
"""What pid 1 needs, under sudo, to start, stop and equip programs of the user who called."""
_NAMESPACES = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWCGROUP


def run(plan: BoxPlan, channel: Channel, hand_over: HandOver, errand: Errand) -> NoReturn:
    """Be pid 1 until the supervisor is gone; never returns.

    Args:
        plan: The box.
        channel: To the supervisor.
        hand_over: Installs the seccomp filter in a child and sends its listener away.
        errand: What can be run here without execve(2).
    """
    try:
        _enter(plan, channel)
        _Init(plan, channel, hand_over, errand).serve()
    except ChannelClosed:
        os._exit(0)
    except OSError as error:
        with contextlib.suppress(ChannelClosed):
            channel.send({"error": error.errno or 0, "text": str(error), "step": "mounts"})
    os._exit(1)


def _enter(plan: BoxPlan, channel: Channel) -> None:
    os.setsid()
    syscalls.unshare(_NAMESPACES)
    socket.sethostname(plan.identity.host_name)
    channel.receive()  # the supervisor has written the files that are shown in the box
    notes = mounts.assemble(new_root(plan.scratch), plan.mounts)
    os.umask(0o022)
    _look_ordinary()
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    syscalls.drop_all_capabilities(but=_FOR_ANOTHER_USER if os.getuid() != plan.uid else ())
    channel.send({"notes": list(notes)})


def _look_ordinary() -> None:
    """Pid 1 is called like any other, not after the command line that it was forked from."""
    syscalls.prctl(syscalls.PR_SET_NAME, _name_address)
    # proc_pid_stat(5): fields 48 and 49 bound the memory that /proc/1/cmdline shows; the name before
    # them may hold blanks, hence the split at its closing bracket.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, _NAME, min(len(_NAME), end - start - 1))


_NAME = ctypes.create_string_buffer(b"/sbin/init")
_name_address = ctypes.addressof(_NAME) + len("/sbin/")


class _Init:
    """The serving loop with its table of requests."""

    def __init__(self, plan: BoxPlan, channel: Channel, hand_over: HandOver, errand: Errand) -> None:
        self._plan = plan
        self._channel = channel
        self._hand_over = hand_over
        self._errand = errand
        self._ended: dict[int, int] = {}
        self._requests: dict[str, Callable[[dict[str, Any], list[int]], None]] = {
            "spawn": self._spawn,
            "errand": self._run_errand,
            "status": self._status,
            "signal": self._signal,
            "count": self._count,
            "write": self._write,
        }

    def serve(self) -> None:
        wake, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        poll.register(self._channel.socket, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll()]
            if wake in ready:
                os.read(wake, 4096)
            self._reap()
            if self._channel.socket.fileno() in ready:
                message, fds = self._channel.receive()
                self._channel.answering = message["id"]
                self._requests[message["op"]](message, fds)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended[pid] = status

    def _spawn(self, message: dict[str, Any], fds: list[int]) -> None:
        try:
            launched = launch(message, fds, self._plan, self._hand_over)
        except OSError as error:
            self._channel.send({"error": error.errno or 0, "text": error.strerror or str(error)})
            return
        finally:
            for descriptor in fds:
                os.close(descriptor)
        self._ended.pop(launched.pid, None)
        self._channel.send({"pid": launched.pid}, launched.descriptors)
        for descriptor in launched.descriptors:
            os.close(descriptor)

    def _run_errand(self, message: dict[str, Any], fds: list[int]) -> None:
        try:
            pid = errands.run(message, fds[0], self._plan, self._hand_over, self._errand)
        except OSError as error:
            self._channel.send({"error": error.errno or 0, "text": error.strerror or str(error)})
            return
        finally:
            for descriptor in fds:
                os.close(descriptor)
        self._ended.pop(pid, None)
        self._channel.send({"pid": pid})

    def _status(self, message: dict[str, Any], _fds: list[int]) -> None:
        self._channel.send({"status": self._ended.get(message["pid"])})

    def _signal(self, message: dict[str, Any], _fds: list[int]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, message["signal"])
        self._channel.send({})

    def _count(self, _message: dict[str, Any], _fds: list[int]) -> None:
        self._reap()
        self._channel.send({"count": _others()})

    def _write(self, message: dict[str, Any], _fds: list[int]) -> None:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            with _as_user(self._plan):
                descriptor = os.open(message["path"], flags, message["mode"])
            with os.fdopen(descriptor, "wb") as file:
                file.write(message["data"])
        except OSError as error:
            self._channel.send({"error": error.errno or 0, "text": error.strerror or str(error)})
            return
        self._channel.send({})


@contextlib.contextmanager
def _as_user(plan: BoxPlan) -> Iterator[None]:
    """Touch files with the app's rights (credentials(7))."""
    if os.getuid() == plan.uid:
        yield
        return
    os.setegid(plan.gid)
    os.seteuid(plan.uid)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())


def _others() -> int:
    """How many processes there are beside us; 1 for any number where /proc is not the box's own."""
    try:
        os.kill(-1, 0)
    except ProcessLookupError:
        return 0
    except PermissionError:  # another user's
        pass
    if os.readlink("/proc/self") != "1":
        return 1
    return sum(name.isdigit() and name != "1" for name in os.listdir("/proc"))
