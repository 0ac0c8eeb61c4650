"""The supervisor's handle on a box: build it, start programs in it, take it down.

Everything that needs privilege happens in the helper and in pid 1; this side only asks.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.kernel.ready import readable
from auditor.sandbox import helper
from auditor.sandbox.channel import Channel
from auditor.sandbox.channel import ChannelClosed
from auditor.sandbox.errand import Errand
from auditor.sandbox.errand import no_errand
from auditor.sandbox.launch import HandOver
from auditor.sandbox.plan import BoxPlan
from auditor.sandbox.program import Program
from auditor.sandbox.steps import failure

_CONNECT_TIMEOUT_S = 10.0


class Box:
    """One standing box."""

    def __init__(
        self,
        plan: BoxPlan,
        helper_pid: int,
        init_pid: int,
        channel: Channel,
        init: Channel,
        sockets: dict[str, socket.socket],
    ) -> None:
        self.plan = plan
        self.sockets = sockets
        """The gateway's sockets, by `auditor.sandbox.network.SOCKET_NAMES`."""
        self.notes: tuple[str, ...] = ()
        """What the kernel refused, one sentence each."""
        self.cage: Path | None = None
        """Control group that bounds the box's tasks; None where resource limits do."""
        self.init_pid = init_pid
        """Pid 1 of the box, as the host sees it."""
        self._helper = helper_pid
        self._channel = channel
        self._init = init
        self._lock = threading.Lock()
        self._init_lock = threading.Lock()
        self._questions = itertools.count(1)

    @classmethod
    def build(
        cls,
        plan: BoxPlan,
        hand_over: HandOver,
        on_step: Callable[[str], None] = lambda _: None,
        meanwhile: Callable[[], object] = lambda: None,
        errand: Errand = no_errand,
    ) -> Box:
        """Fork the helper and let it build namespaces and network.

        Must be called while this process has one thread.

        Args:
            plan: What to build.
            hand_over: See `auditor.sandbox.launch.HandOver`.
            on_step: Told the name of each step.
            meanwhile: Done here while the helper builds; it may not start threads.
            errand: What `send` runs in the box.

        Raises:
            BoxUnavailable: a step failed; the message names the fix.
        """
        ours, theirs = Channel.pair()
        init_ours, init_theirs = Channel.pair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            init_ours.close()
            helper.run(plan, theirs, init_theirs, hand_over, errand)
        theirs.close()
        init_theirs.close()
        try:
            meanwhile()
            ready, sockets = _await_network(ours, on_step)
        except BaseException:
            ours.close()
            init_ours.close()
            os.waitpid(pid, 0)
            raise
        box = cls(plan, pid, ready["init"], ours, init_ours, sockets)
        box.notes = tuple(ready.get("notes", ()))
        box.cage = Path(ready["cage"]) if "cage" in ready else None
        return box

    def furnish(self, on_step: Callable[[str], None] = lambda _: None) -> None:
        """Let pid 1 assemble the file system and give up its privileges.

        Raises:
            BoxUnavailable: a mount failed.
        """
        on_step("mounts")
        try:
            self._init.send({"op": "mount"})
            reply, _ = self._init.receive()
        except ChannelClosed as error:
            raise failure("mounts", 0, "the box's first process died") from error
        if "error" in reply:
            raise failure(reply["step"], reply["error"], reply["text"])
        self.notes += tuple(reply["notes"])

    def spawn(
        self,
        argv: Sequence[str],
        *,
        role: str,
        environment: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdin: int | None = None,
        terminal: bool = True,
    ) -> Program:
        """Start a program in the box.

        Args:
            argv: Program and arguments; the program is looked up in the box's PATH.
            role: `app`, `control` or `reference`; every observation carries it.
            environment: Replaces the box's.
            cwd: Working directory, default the box's.
            stdin: Descriptor to read from; it is duplicated. Default: nothing to read.
            terminal: Whether output is a terminal of the box (else a pipe).

        Raises:
            OSError: it could not be started, with the reason's errno.
        """
        message = {
            "op": "spawn",
            "argv": list(argv),
            "env": dict(self.plan.environment if environment is None else environment),
            "cwd": cwd or self.plan.cwd,
            "role": role,
            "tty": terminal,
        }
        reply, fds = self._ask_init(message, () if stdin is None else (stdin,))
        if "error" in reply:
            raise OSError(reply["error"], reply["text"])
        return Program(pid=reply["pid"], pidfd=fds[0], output=fds[1], role=role, ask_status=self._status)

    def send(self, role: str, task: dict[str, Any]) -> socket.socket:
        """Send the box's errand; returns a line to it, which ends when the last of its processes has let go.

        Args:
            role: As of `spawn`.
            task: Plain values.

        Raises:
            OSError: it could not be sent.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._dispatch({"op": "errand", "role": role, "task": task}, theirs)
        except OSError:
            ours.close()
            raise
        return ours

    def _dispatch(self, message: dict[str, Any], line: socket.socket) -> None:
        reply, _ = self._ask_init(message, (line.fileno(),))
        if "error" in reply:
            raise OSError(reply["error"], reply["text"])

    def _status(self, pid: int) -> int | None:
        status: int | None = self._ask_init({"op": "status", "pid": pid})[0]["status"]
        return status

    def signal_all(self, number: int) -> None:
        """Send a signal to every process of the box but the first."""
        self._ask_init({"op": "signal", "signal": number})

    def process_count(self) -> int:
        """How many processes the box holds, its first one aside."""
        count: int = self._ask_init({"op": "count"})[0]["count"]
        return count

    def stop_all(self, grace_s: float) -> bool:
        """End every process: ask first, then kill. True when asking was enough."""
        for number, limit in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
            if self.process_count() == 0:
                return True
            self.signal_all(number)
            deadline = time.monotonic() + limit
            while time.monotonic() < deadline:
                if self.process_count() == 0:
                    return number == signal.SIGTERM
                time.sleep(0.02)
        return False

    def write_file(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """Write a file as the app's user.

        Raises:
            OSError: as open(2) and write(2).
        """
        reply, _ = self._ask_init({"op": "write", "path": path, "data": data, "mode": mode})
        if "error" in reply:
            raise OSError(reply["error"], reply["text"], path)

    def reply_socket(self, family: int, local: tuple[str, int], peer: tuple[str, int]) -> socket.socket:
        """A UDP socket in the gateway that speaks as `local` to `peer`.

        Raises:
            OSError: the address pair is taken, or the box is gone.
        """
        return self._ask({"op": "reply", "family": int(family), "local": local, "peer": peer})

    def connect(self, port: int, host: str = "127.0.0.1") -> socket.socket:
        """A TCP connection to a port of the app.

        Raises:
            OSError: refused, timed out, or the box is gone.
        """
        return self._ask({"op": "connect", "host": host, "port": port, "timeout": _CONNECT_TIMEOUT_S})

    def close(self, timeout_s: float = 20.0) -> None:
        """Take the box down; everything in it ends. May be called twice."""
        self._init.close()
        self._channel.close()
        for made in self.sockets.values():
            made.close()
        if self._helper:
            _wait_or_kill(self._helper, timeout_s)
            self._helper = 0

    def _exchange(
        self, channel: Channel, message: dict[str, Any], fds: tuple[int, ...]
    ) -> tuple[dict[str, Any], list[int]]:
        """Ask, and wait for the answer to just this: Ctrl-C may have kept us from taking an earlier one."""
        number = next(self._questions)
        channel.send({**message, "id": number}, fds)
        while True:
            reply, received = channel.receive()
            if reply.get("id") == number:
                return reply, received
            for descriptor in received:
                os.close(descriptor)

    def _ask(self, message: dict[str, Any]) -> socket.socket:
        with self._lock:
            try:
                reply, fds = self._exchange(self._channel, message, ())
            except ChannelClosed as error:
                raise OSError("the box is gone") from error
        if "error" in reply:
            raise OSError(reply["error"], reply["text"])
        return socket.socket(fileno=fds[0])

    def _ask_init(
        self, message: dict[str, Any], fds: tuple[int, ...] = ()
    ) -> tuple[dict[str, Any], list[int]]:
        with self._init_lock:
            try:
                return self._exchange(self._init, message, fds)
            except ChannelClosed as error:
                raise OSError("the box is gone") from error


def _await_network(
    channel: Channel, on_step: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, socket.socket]]:
    step = "start"
    while True:
        try:
            message, fds = channel.receive()
        except ChannelClosed as error:
            raise failure(step, 0, "the helper process died") from error
        if "error" in message:
            raise failure(message["step"], message["error"], message["text"])
        if "ready" in message:
            pairs = zip(message["ready"], fds, strict=True)
            made = {name: socket.socket(fileno=descriptor) for name, descriptor in pairs}
            return message, made
        step = message["step"]
        on_step(step)


def _wait_or_kill(pid: int, timeout_s: float) -> None:
    pidfd = os.pidfd_open(pid)
    try:
        if not readable(pidfd, timeout_s=timeout_s):
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(pidfd)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def scratch_directory(base: Path = Path("/var/tmp")) -> Path:
    """A name for the box's scratch directory, which the helper makes and removes.

    The name shows in the box's mount table, so it does not tell what it is for.
    """
    return base / f".{secrets.token_hex(8)}"
