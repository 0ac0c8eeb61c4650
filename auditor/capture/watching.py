"""The watcher's own loop: take a notification, look, let the call run, then write down what was seen.

Not a judge and hardly a guard: a watched call runs, unless it asks for a door of the host's that appeared
after the box was built; a denied one was denied by the filter's table.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Iterable

from auditor.capture import proc
from auditor.capture import touches
from auditor.capture.cookies import ROLES
from auditor.capture.cookies import CookieTable
from auditor.capture.looks import Later
from auditor.capture.looks import Looks
from auditor.capture.looks import Waiting
from auditor.capture.worker import Outbox
from auditor.kernel import notify
from auditor.kernel.seccomp import WATCH
from auditor.model.observation import GapNoted

_SCM_CREDENTIALS = 2
_EITHER = select.POLLIN | select.POLLOUT
_BATCH_MS = 20
_QUIET_LINES = 64
"""Lines that are caught up with when no call came for `_BATCH_MS`."""
_LAST_CALLS_S = 1.0
"""For how long calls are still answered after the supervisor asked to stop."""


class Watching:
    """All listeners of one box."""

    def __init__(
        self, intake: socket.socket, outbox: Outbox, cookies: CookieTable, trees: Iterable[str]
    ) -> None:
        self._intake = intake
        self._outbox = outbox
        self._looks = Looks(outbox, cookies, trees)
        self._roles: dict[int, str] = {}
        self._poll = select.poll()
        self._full = False
        """The supervisor does not read as fast as we write."""
        self._forbidden = 0
        self._failed = 0

    def run(self) -> None:
        """Serve until the supervisor asks to stop and no call waits any more."""
        self._poll.register(self._intake, select.POLLIN)
        self._poll.register(self._outbox, select.POLLIN)
        stopping = False
        while not stopping:
            busy = self._outbox.holds or self._looks.unhurried
            ready = self._poll.poll(_BATCH_MS if busy else None)
            stopping = any(fd == self._outbox.fileno() and event != select.POLLOUT for fd, event in ready)
            self._serve(ready)
            if not ready:
                self._catch_up(_QUIET_LINES)
            if not ready or self._outbox.is_due or self._full:
                self._send()
        self._poll.unregister(self._outbox)
        until = time.monotonic() + _LAST_CALLS_S
        while (ready := self._poll.poll(0)) and time.monotonic() < until:
            self._serve(ready)
        self._catch_up(len(self._looks.unhurried))
        self._note_gaps()

    def _catch_up(self, lines: int) -> None:
        """Write down what did not need to be at once, oldest first."""
        unhurried = self._looks.unhurried
        for _ in range(min(lines, len(unhurried))):
            unhurried.popleft()()

    def _send(self) -> None:
        """Wakes the supervisor, which costs more than looking at a call: so once for many calls."""
        full = not self._outbox.flush()
        if full != self._full:
            self._full = full
            self._poll.modify(self._outbox, _EITHER if full else select.POLLIN)

    def _serve(self, ready: list[tuple[int, int]]) -> None:
        for fd, event in ready:
            if fd == self._intake.fileno():
                self._take_listener()
            elif fd in self._roles and event & select.POLLIN:
                self._handle(fd)
            elif fd in self._roles:  # POLLHUP: the last process under this filter is gone
                self._poll.unregister(fd)
                del self._roles[fd]
                os.close(fd)

    def _take_listener(self) -> None:
        try:
            data, ancillary, _, _ = self._intake.recvmsg(64, 256)
        except OSError:
            data, ancillary = b"", []
        if not data:  # every process that could hand over a listener is gone
            self._poll.unregister(self._intake)
            return
        role = data.decode("ascii", "replace")
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SCM_CREDENTIALS):
                self._learn_init(struct.unpack_from("=i", payload)[0])
            elif (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                (listener,) = struct.unpack_from("=i", payload)
                self._roles[listener] = role if role in ROLES else ROLES[0]
                notify.wake_synchronously(listener)
                self._poll.register(listener, select.POLLIN)

    def _learn_init(self, sender: int) -> None:
        try:
            self._looks.census.add_init(proc.stat(sender).parent)
        except OSError:  # it was killed at once
            return

    def _handle(self, listener: int) -> None:
        try:
            call = notify.receive(listener)
        except OSError:  # ENOENT: killed before we came to it
            return
        rule = notify.lookup(call)
        error = WATCH if rule.action == WATCH else notify.refusal(call, rule)[0]
        waiting = Waiting(call, rule, listener, self._roles[listener], time.monotonic())
        later = self._look(waiting)
        notify.answer(listener, call.id, waiting.refuse or error)
        if later is not None:
            later()

    def _look(self, waiting: Waiting) -> Later | None:
        try:
            return self._looks.look(waiting)
        except OSError as problem:
            # Killed under our eyes and bad pointers are the caller's business; a lack of permission is ours.
            self._forbidden += problem.errno in {errno.EPERM, errno.EACCES}
        except Exception as problem:  # noqa: BLE001 - whatever one program does, the others need answers
            self._failed += 1
            if self._failed == 1:
                self._gap(f"The watcher failed on {waiting.rule.name}: {problem!r}.", blinds=True)
        return None

    def _note_gaps(self) -> None:
        if self._forbidden:
            self._gap(f"{self._forbidden} system calls could not be looked at (permission).", blinds=False)
        if self._failed:
            self._gap(f"{self._failed} system calls were lost by the watcher.", blinds=True)
        if self._looks.unwritten_attempts:
            number = self._looks.unwritten_attempts
            self._gap(f"{number} more denied system calls were not written down.", blinds=False)

        if self._looks.news.unseen:
            limit, number = touches.MAX_TOUCHES, self._looks.news.unseen
            text = f"{number} calls that change files, after the first {limit}, were not looked at."
            self._gap(text, blinds=False)

    def _gap(self, text: str, *, blinds: bool) -> None:
        self._outbox.put(GapNoted(observer="sockets", text=text, blinds=blinds))
