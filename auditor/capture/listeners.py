"""On which ports the app accepts connections, noticed soon after it begins to.

Not whether that is a danger: exposure is judged later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Final

from auditor.capture.cookies import SocketUse
from auditor.capture.sockets import SocketFinder
from auditor.kernel.sockdiag import OpenSocket
from auditor.kernel.sockdiag import SockDiag
from auditor.model.observation import Entry
from auditor.model.observation import ListenerSeen
from auditor.model.observation import SocketCall

if TYPE_CHECKING:
    from auditor.evidence.journal import Journal

OBSERVER: Final = "listeners"
_SLOW_S = 1.0
"""Between two looks when nothing calls for one."""
_QUICK_S = (0.002, 0.01, 0.05, 0.2)
"""After a listen(2) was reported: it runs only after its report."""
MAX_LISTENERS: Final = 4096


def snapshot(
    diag: SockDiag, finder: SocketFinder, use_of: Callable[[int], SocketUse | None], role: str
) -> list[tuple[int, ListenerSeen]]:
    """Listening TCP sockets, and UDP sockets bound to a port of the program's choice, with cookies.

    A UDP socket that only sends is bound too, by the kernel, and is left out.

    Args:
        diag: For the app's namespace.
        finder: Names owners.
        use_of: `SocketWatcher.use_of`.
        role: For sockets whose role is not known.
    """
    found: list[tuple[int, ListenerSeen]] = []
    for each in diag.listening():
        use = use_of(each.identity.cookie)
        if each.transport == "udp" and (use is None or not use.serves):
            continue
        owner, known_role = finder.user(each.identity)
        found.append((each.identity.cookie, _seen(each, owner or "", known_role or role)))
    return found


def _seen(each: OpenSocket, owner: str, role: str) -> ListenerSeen:
    return ListenerSeen(
        transport=each.transport, address=each.address, port=each.port, inode=each.identity.inode,
        owner=owner, role=role,
    )  # fmt: skip


class ListenerPoller:
    """Writes each listener down once, the first time it is there.

    poller = ListenerPoller(diag, finder, watcher.use_of)
    journal.subscribe(poller.notice)      # a listen(2) in the journal makes it look at once
    Thread(target=poller.run, args=(journal,)).start()
    ...
    poller.stop()
    """

    def __init__(
        self, diag: SockDiag, finder: SocketFinder, use_of: Callable[[int], SocketUse | None]
    ) -> None:
        self._diag = diag
        self._finder = finder
        self._use_of = use_of
        self._called = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._known: set[int] = set()
        self.role = "app"
        """Role of sockets whose process is not known; whoever starts programs sets it."""

    def notice(self, entry: Entry) -> None:
        """Journal subscriber: look again soon when a program binds or listens."""
        if isinstance(entry.what, SocketCall) and entry.what.call in {"bind", "listen"}:
            self._called.set()

    def poll(self) -> list[ListenerSeen]:
        """Listeners that are new since the last time; from any thread."""
        with self._lock:
            found = snapshot(self._diag, self._finder, self._use_of, self.role)
            new = [(cookie, seen) for cookie, seen in found if cookie not in self._known]
            new = new[: max(MAX_LISTENERS - len(self._known), 0)]
            self._known.update(cookie for cookie, _ in new)
            return [seen for _, seen in new]

    def run(self, journal: Journal) -> None:
        """Poll until `stop`, in a thread of its own."""
        waits: list[float] = []
        while not self._stopping.is_set():
            wait = waits.pop(0) if waits else _SLOW_S
            if self._called.wait(wait):
                self._called.clear()
                waits = list(_QUICK_S)
            self._write_new(journal)
        self._write_new(journal)

    def _write_new(self, journal: Journal) -> None:
        try:
            for seen in self.poll():
                journal.write(OBSERVER, seen)
        except OSError:  # the namespace is being taken down, or the kernel was too busy to answer
            return

    def stop(self) -> None:
        """Look one last time, then let `run` return."""
        self._stopping.set()
        self._called.set()
