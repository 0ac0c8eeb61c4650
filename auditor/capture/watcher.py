"""The supervisor's handle on the socket watcher, which sees who connects, starts programs and changes files.

Not the watching itself, which happens in a process of its own (`auditor.capture.watching`).

    watcher = SocketWatcher.fork()              # while this process has one thread
    ... the box's init inherits watcher.intake and keeps a copy of it for every program it starts;
    ... the child, just before execve: install_and_hand_over(program(), intake_fd, "app")
    watcher.intake.close()
    Thread(target=watcher.pump, args=(journal,)).start()
    ...
    watcher.stop()                              # flushes; then pump returns
"""

from __future__ import annotations

import resource
import socket
from typing import TYPE_CHECKING

from auditor.capture.cookies import CookieTable
from auditor.capture.cookies import SocketUse
from auditor.capture.watching import Watching
from auditor.capture.worker import Outbox
from auditor.capture.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.evidence.journal import Journal
    from auditor.model.process import ProcessKey

_SO_PASSCRED = 16


class SocketWatcher:
    """One watcher for the whole run; holds every listener of the box."""

    def __init__(self, worker: Worker, intake: socket.socket, cookies: CookieTable) -> None:
        self._worker = worker
        self._cookies = cookies
        self.intake = intake
        """SOCK_SEQPACKET end on which the box's children hand their listeners over, see
        `auditor.kernel.seccomp.install_and_hand_over`."""

    @classmethod
    def fork(cls, trees: Iterable[str] = ("/",)) -> SocketWatcher:
        """Start the watcher's process; call it while this process has one thread.

        Args:
            trees: Directories of the box; what happens to files elsewhere is not written down.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The sender's pid comes with each listener: its parent is the box's init.
        theirs.setsockopt(socket.SOL_SOCKET, _SO_PASSCRED, 1)
        cookies = CookieTable()

        def body(outbox: Outbox) -> None:
            _raise_descriptor_limit()
            Watching(theirs, outbox, cookies, trees).run()

        worker = Worker.fork("sockets", body, keep=[theirs.fileno()])
        theirs.close()
        return cls(worker, ours, cookies)

    @property
    def alive(self) -> bool:
        """Whether it still answers; when it does not, the app's calls fail with ENOSYS."""
        return self._worker.alive

    def use_of(self, cookie: int) -> SocketUse | None:
        """Who used a socket last; known before the call that used it returns."""
        return self._cookies.get(cookie)

    def last_key(self, cookie: int) -> ProcessKey | None:
        """The process that used a socket last; None when no watched call ever named it."""
        use = self._cookies.get(cookie)
        return use.process if use else None

    def pump(self, journal: Journal) -> None:
        """Write what is seen into the journal, in a thread of its own, until the watcher ends."""
        self._worker.pump(journal)

    def stop(self) -> None:
        """Let it answer what waits, flush and end; afterwards wait for the thread that pumps."""
        self.intake.close()
        self._worker.stop()


def _raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
