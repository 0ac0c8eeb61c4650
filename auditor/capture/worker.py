"""An observer in a process of its own: forked early, ended in good order, dead when we die.

Not what it observes. Own processes, because an observer that waited for the interpreter lock of a busy
proxy would slow down every system call of the app.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import signal
import socket
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING
from typing import Final
from typing import NoReturn

from auditor.capture import wire
from auditor.kernel.ready import readable
from auditor.kernel.ready import writable
from auditor.kernel.syscalls import PR_SET_PDEATHSIG
from auditor.kernel.syscalls import close_from
from auditor.kernel.syscalls import prctl
from auditor.model.observation import GapNoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from auditor.evidence.journal import Journal
    from auditor.model.observation import Observation

MAX_BACKLOG: Final = 64 << 20
"""Bytes of observations that wait for a supervisor too busy to read them."""
MAX_BYTES: Final = 512 << 20
"""Bytes of observations in one run; a program could otherwise fill the disk with them."""
_BATCH_BYTES = 32 << 10
_BATCH_S = 0.02
_FLUSH_S = 5.0
_STOP_S = 10.0
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)


class Outbox:
    """The worker's end: observations go out without ever blocking it."""

    def __init__(self, end: socket.socket, observer: str) -> None:
        self._socket = end
        self._socket.settimeout(0)
        self._observer = observer
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._room = MAX_BYTES
        self._since = 0.0
        self.lost = 0
        """Observations that were dropped because a bound was reached."""

    def fileno(self) -> int:
        """For poll: readable means that the supervisor wants us to stop, or is gone."""
        return self._socket.fileno()

    @property
    def holds(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._waiting)

    @property
    def is_due(self) -> bool:
        """Whether enough waits, or for long enough, to be worth waking the supervisor."""
        return self._waiting_bytes > _BATCH_BYTES or (
            self.holds and time.monotonic() - self._since > _BATCH_S
        )

    def put(self, what: Observation, at: float | None = None) -> None:
        """Queue an observation; call `flush` to send."""
        line = wire.pack(time.monotonic() if at is None else at, what)
        if self._waiting_bytes + len(line) > MAX_BACKLOG or len(line) > self._room:
            self.lost += 1
            return
        self._room -= len(line)
        self._append(line)

    def _append(self, line: bytes) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(line)
        self._waiting_bytes += len(line)

    def flush(self) -> bool:
        """Send what the socket takes; True when nothing is left."""
        while self._waiting:
            data = b"".join(self._waiting) if len(self._waiting) < 64 else self._some()
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:  # the supervisor is gone, and so are we, soon
                self._waiting.clear()
                self._waiting_bytes = 0
                return True
            self._drop(sent)
            if sent < len(data):
                return False
        return True

    def _some(self) -> bytes:
        return b"".join(self._waiting[index] for index in range(64))

    def _drop(self, sent: int) -> None:
        self._waiting_bytes -= sent
        while sent and sent >= len(self._waiting[0]):
            sent -= len(self._waiting.popleft())
        if sent:
            self._waiting[0] = self._waiting[0][sent:]

    def close(self) -> None:
        """Say what was lost, say goodbye, and wait until all of it is sent."""
        if self.lost:
            text = f"{self.lost} observations of the {self._observer} observer were dropped."
            self._append(
                wire.pack(time.monotonic(), GapNoted(observer=self._observer, text=text, blinds=True))
            )
        self._append(wire.END + b"\n")
        until = time.monotonic() + _FLUSH_S
        while not self.flush() and time.monotonic() < until:
            writable(self._socket.fileno(), timeout_s=0.2)
        self._socket.close()


class Worker:
    """The supervisor's end of an observer's process."""

    def __init__(self, pid: int, end: socket.socket, observer: str) -> None:
        self.pid = pid
        self._observer = observer
        self._socket = end
        self._pidfd = os.pidfd_open(pid)

    @classmethod
    def fork(cls, observer: str, body: Callable[[Outbox], None], keep: Iterable[int]) -> Worker:
        """Fork a process that runs `body` and ends.

        Call it while this process has one thread. `body` ends when its outbox turns readable.

        Args:
            observer: Name for the journal.
            body: What to do there.
            keep: Descriptors it needs; all others are closed there.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        supervisor = os.getpid()
        pid = os.fork()
        if pid == 0:
            ours.close()
            _run(supervisor, observer, body, theirs, keep)
        theirs.close()
        return cls(pid, ours, observer)

    def pump(self, journal: Journal) -> None:
        """Write everything the worker says into the journal; returns when it has ended.

        Runs in a thread of its own. A worker that ends without saying so leaves a gap in the journal
        that blinds the run.
        """
        ended = self._drain(journal)
        if not ended:
            text = f"The {self._observer} observer died; what happened afterwards was not seen."
            journal.write("record", GapNoted(observer=self._observer, text=text, blinds=True))
        self._socket.close()

    def _drain(self, journal: Journal) -> bool:
        rest = b""
        while data := _receive(self._socket):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line == wire.END:
                    return True
                at, what = wire.unpack(line)
                journal.write(self._observer, what, at=at)
        return False

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return not readable(self._pidfd, timeout_s=0)

    def stop(self, timeout: float = _STOP_S) -> None:
        """Ask it to flush and end; kill it when it does not. May be called twice."""
        if self._pidfd < 0:
            return
        with contextlib.suppress(OSError):  # it may have ended already
            self._socket.shutdown(socket.SHUT_WR)
        if not readable(self._pidfd, timeout_s=timeout):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._pidfd)
        self._pidfd = -1

    def abandon(self) -> None:
        """End a worker whose observations nobody will read."""
        self.stop()
        self._socket.close()


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


def _run(
    supervisor: int, observer: str, body: Callable[[Outbox], None], end: socket.socket, keep: Iterable[int]
) -> NoReturn:
    status = 1
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(status)  # it died before the line above
        for number in _IGNORED:  # Ctrl-C reaches the whole group; we end when the supervisor says so
            signal.signal(number, signal.SIG_IGN)
        gc.freeze()  # nothing of the parent's is collected here: it would close numbers in use again
        _close_all_but({2, end.fileno(), *keep})
        outbox = Outbox(end, observer)
        status = _observe(outbox, observer, body)
        outbox.close()
    except BaseException:  # noqa: BLE001 - a forked child must never return into its parent's code
        traceback.print_exc()
    finally:  # also when there is no standard error to print to
        os._exit(status)


def _observe(outbox: Outbox, observer: str, body: Callable[[Outbox], None]) -> int:
    """Run the observer; what the kernel refuses it is told in the report, not on the terminal."""
    try:
        body(outbox)
    except OSError as error:
        text = f"The {observer} observer failed ({error}); what happened afterwards was not seen."
        outbox.put(GapNoted(observer=observer, text=text, blinds=True))
        return 1
    return 0


def _close_all_but(keep: set[int]) -> None:
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard in (0, 1):
        os.dup2(null, standard)
    kept = sorted({0, 1, *keep})
    for low, high in itertools.pairwise(kept):
        os.closerange(low + 1, high)
    close_from(kept[-1] + 1)
