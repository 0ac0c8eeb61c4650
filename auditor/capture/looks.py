"""Looking at one waiting system call: who makes it, on which socket, towards where, or to run what.

Not the answer to it, and no opinion about it.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import OrderedDict
from collections import deque
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditor.capture import calls
from auditor.capture import proc
from auditor.capture import touches
from auditor.capture.calls import Address
from auditor.capture.census import Census
from auditor.capture.cookies import CookieTable
from auditor.capture.doors import Doors
from auditor.capture.doors import Knock
from auditor.capture.paths import Paths
from auditor.capture.tasks import Task
from auditor.capture.tasks import TaskTable
from auditor.capture.worker import Outbox
from auditor.kernel import notify
from auditor.kernel.notify import Notification
from auditor.kernel.seccomp import Call
from auditor.model.observation import AttemptDenied
from auditor.model.observation import FileTouched
from auditor.model.observation import SocketCall

_SO_PROTOCOL = 38
_SO_DOMAIN = 39
_SO_COOKIE = 57
_MAX_ATTEMPTS: Final = 2000
_MAX_SENDS: Final = 4096
_TYPES = {1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket"}
_FAMILIES = {socket.AF_INET: "inet", socket.AF_INET6: "inet6", socket.AF_UNIX: "unix"}

Later = Callable[[], None]
"""What is left to do when the call has been answered already."""


@dataclass(slots=True)
class Waiting:
    """A call that waits, with what its listener knows."""

    call: Notification
    rule: Call
    listener: int
    role: str
    at: float
    """`time.monotonic()` when it was received."""
    refuse: int = 0
    """Errno that looking at it called for, beside the policy's own."""

    def confirm(self) -> None:
        """Make sure that what was read belongs to the caller.

        Raises:
            ProcessLookupError: it was killed, and its number may be another's by now.
        """
        if not notify.is_valid(self.listener, self.call.id):
            raise ProcessLookupError(self.call.pid)


class Looks:
    """One method for each kind of call; `look` is the way in."""

    def __init__(self, outbox: Outbox, cookies: CookieTable, trees: Iterable[str]) -> None:
        self._outbox = outbox
        self._cookies = cookies
        self._tasks = TaskTable()
        self.census = Census(outbox)
        self._attempts: set[tuple[str, str, str]] = set()
        self.unhurried: deque[Later] = deque()
        """What may wait until no call does: files are written in floods, and nobody reads of them at once."""
        self._paths = Paths()
        trees = tuple(trees)
        self.news = touches.News(trees)
        self._doors = Doors(trees)
        self._sends: OrderedDict[tuple[int, Address], None] = OrderedDict()
        self.unwritten_attempts = 0
        """Denied calls beyond the first `_MAX_ATTEMPTS` different ones."""
        self._by_name: dict[str, Callable[[Waiting], Later | None]] = {
            "connect": self._names_address,
            "bind": self._names_address,
            "sendto": self._names_address,
            "listen": self._listens,
            "execve": self._executes,
            "execveat": self._executes,
            "exit_group": self._exits,
            **dict.fromkeys(touches.CALLS, self._touches),
        }

    def look(self, waiting: Waiting) -> Later | None:
        """Read everything that is of interest while the caller is held.

        Raises:
            OSError: the caller is gone, gave a bad pointer, or may not be looked into.
        """
        return self._by_name.get(waiting.rule.name, self._denied)(waiting)

    def _names_address(self, waiting: Waiting) -> Later | None:
        call = waiting.call
        pointer, size = call.arguments[4:6] if waiting.rule.name == "sendto" else call.arguments[1:3]
        where = calls.address(call.pid, pointer, size)
        task, end = self._duplicate(call)
        if end is None:
            return None
        with end:
            if where and where.family == "unix":
                self._names_door(waiting, task, where)
            return self._use(waiting, task, end, where) if where else None

    def _names_door(self, waiting: Waiting, task: Task, where: Address) -> None:
        if waiting.rule.name == "bind":
            with contextlib.suppress(OSError):  # there is no such directory: it will fail
                self._doors.bound(task.tid, where)
            return
        knock = self._doors.socket(task.tid, where)
        if knock is not None:
            self._turn_away(waiting, task, knock)

    def _turn_away(self, waiting: Waiting, task: Task, knock: Knock) -> None:
        waiting.confirm()
        waiting.refuse = knock.refuse
        self.census.notice(task.stat, waiting.role)
        self._attempt(task.stat.key, waiting.rule.name, knock.detail, waiting.role)

    def _listens(self, waiting: Waiting) -> Later | None:
        task, end = self._duplicate(waiting.call)
        if end is None:
            return None
        with end:
            return self._use(waiting, task, end, _local_address(end))

    def _duplicate(self, call: Notification) -> tuple[Task, socket.socket | None]:
        task, fd = self._tasks.with_descriptor(call.pid, call.arguments[0] & 0x7FFFFFFF)
        # Family and type are given only so that Python does not ask for them.
        return task, None if fd < 0 else socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=fd)

    def _use(self, waiting: Waiting, task: Task, end: socket.socket, where: Address) -> Later | None:
        try:
            cookie = int.from_bytes(end.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8), "little")
            kind = end.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
            protocol = end.getsockopt(socket.SOL_SOCKET, _SO_PROTOCOL)
        except OSError:  # ENOTSOCK: the call will fail
            return None
        waiting.confirm()
        name, stat, role = waiting.rule.name, task.stat, waiting.role
        serves = name == "listen" or (name == "bind" and where.port > 0)
        self._cookies.enter(cookie, stat.pid, stat.start, role, serves=serves)
        self.census.notice(stat, role)
        if name == "sendto" and not self._is_new_send(cookie, where):
            return None
        return lambda: self._outbox.put(
            SocketCall(
                call=name, process=stat.key, cookie=cookie, family=where.family,
                type=_TYPES.get(kind, str(kind)), protocol=protocol, address=where.host, port=where.port,
                role=role,
            ),
            waiting.at,
        )  # fmt: skip

    def _is_new_send(self, cookie: int, where: Address) -> bool:
        """Whether this socket sends there for the first time: one line for a flood of datagrams."""
        if (cookie, where) in self._sends:
            return False
        self._sends[cookie, where] = None
        if len(self._sends) > _MAX_SENDS:
            self._sends.popitem(last=False)
        return True

    def _executes(self, waiting: Waiting) -> None:
        call, name = waiting.call, waiting.rule.name
        stat = self._tasks.fresh(call.pid).stat
        program = calls.program(call, name)
        argv = calls.argv(call, name)
        waiting.confirm()
        if program is None:
            self.census.may_execute(stat)
            return
        self.census.executes(stat, waiting.role, program, argv)
        if program.privileged:
            self._attempt(stat.key, name, f"{program.path} ({program.privileged})", waiting.role)

    def _exits(self, waiting: Waiting) -> None:
        stat = self._tasks.fresh(waiting.call.pid).stat
        waiting.confirm()
        self.census.exits(stat, waiting.role, waiting.call.arguments[0])

    def _touches(self, waiting: Waiting) -> None:
        if not self.news.has_room(waiting.role):
            return
        task = self._tasks.last(waiting.call.pid)
        touch = touches.touch(waiting.call, waiting.rule.name, task, self._paths)
        if touch is None:
            return
        if touch.call == touches.PIPE:
            self._opens_pipe(waiting, touch.path)
            return
        if not self.news.concerns(touch):
            return
        if not task.lives():
            task = self._tasks.fresh(waiting.call.pid)
            waiting.confirm()
        if touch.source:
            self._doors.moved(touch.source, touch.path)
        if self.news.note(touch, task.stat.key, waiting.role):
            self.census.notice(task.stat, waiting.role)
            self.unhurried.append(lambda: self._write_touch(touch, task.stat.key, waiting))

    def _opens_pipe(self, waiting: Waiting, path: bytes) -> None:
        knock = self._doors.pipe(waiting.call.pid, path)
        if knock is not None:
            self._turn_away(waiting, self._tasks.fresh(waiting.call.pid), knock)

    def _write_touch(self, touch: touches.Touch, process: str, waiting: Waiting) -> None:
        self._outbox.put(
            FileTouched(
                process=process, call=touch.call, path=proc.text(touch.path), role=waiting.role,
                source=proc.text(touch.source),
            ),
            waiting.at,
        )  # fmt: skip

    def _denied(self, waiting: Waiting) -> None:
        stat = self._tasks.fresh(waiting.call.pid).stat
        waiting.confirm()
        self.census.notice(stat, waiting.role)
        detail = notify.refusal(waiting.call, waiting.rule)[1]
        self._attempt(stat.key, waiting.rule.name, detail, waiting.role)

    def _attempt(self, process: str, call: str, detail: str, role: str) -> None:
        attempt = (process, call, detail)
        if attempt in self._attempts:
            return
        if len(self._attempts) >= _MAX_ATTEMPTS:
            self.unwritten_attempts += 1
            return
        self._attempts.add(attempt)
        self._outbox.put(
            AttemptDenied(process=process, call=call, detail=detail, role=role), time.monotonic()
        )


def _local_address(end: socket.socket) -> Address:
    """Where a socket is bound, whatever family Python believes it to be of."""
    domain = end.getsockopt(socket.SOL_SOCKET, _SO_DOMAIN)
    family = _FAMILIES.get(socket.AddressFamily(domain), str(domain))
    name = end.getsockname()
    if isinstance(name, tuple):
        return Address(family, str(name[0]), int(name[1]))
    return Address(
        family, "@" + name[1:].decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    )
