"""From a connection at the gateway back to the socket, and if need be the process, that opened it.

The second way of attribution: the first is the watcher's table, which knows every socket that a watched
call ever named. What is left are datagrams sent with sendmsg(2) alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from collections.abc import Iterable
from typing import Final

from auditor.capture import proc
from auditor.capture.cookies import SocketUse
from auditor.kernel.sockdiag import UNKNOWN_SOCKET
from auditor.kernel.sockdiag import Endpoint
from auditor.kernel.sockdiag import SockDiag
from auditor.kernel.sockdiag import SocketIdentity
from auditor.model.process import ProcessKey

MAX_PROCESSES: Final = 20_000
"""Processes that one scan looks at."""
_MAX_REMEMBERED = 1 << 16
_PREFIX = b"socket:["


class SocketFinder:
    """Names the socket, and the process, behind a five-tuple of the app's namespace."""

    def __init__(
        self, diag: SockDiag, use_of: Callable[[int], SocketUse | None], owners: InodeOwners
    ) -> None:
        """Ask `diag` for sockets, `use_of` (`SocketWatcher.use_of`) and `owners` for processes."""
        self._diag = diag
        self._use_of = use_of
        self._owners = owners

    def identify(self, transport: str, client: Endpoint, destination: Endpoint) -> SocketIdentity:
        """The socket at `client` that talks to `destination`; `UNKNOWN_SOCKET` when it is gone.

        Args:
            transport: `tcp` or `udp`.
            client: The app's end, as the gateway sees it.
            destination: What the app meant to reach.
        """
        try:
            return self._diag.find(transport, client, destination) or UNKNOWN_SOCKET
        except OSError:  # the namespace is being taken down
            return UNKNOWN_SOCKET

    def owner(self, identity: SocketIdentity) -> ProcessKey | None:
        """The process of a socket that the watcher does not know; None when the watcher does.

        None also when nobody holds it any more. May scan /proc, which takes milliseconds.
        """
        if not identity.inode or self._use_of(identity.cookie) is not None:
            return None
        return self._owners.owner(identity.inode)

    def user(self, identity: SocketIdentity) -> tuple[ProcessKey | None, str]:
        """Process and role by either way, role empty when only the scan knew it."""
        use = self._use_of(identity.cookie)
        if use is not None:
            return use.process, use.role
        return (self._owners.owner(identity.inode) if identity.inode else None), ""


class InodeOwners:
    """Which process holds `socket:[N]`, by looking at the descriptors of the box's processes."""

    def __init__(self, processes: Callable[[], Iterable[int]]) -> None:
        """Scan the pids that `processes` gives, see `descendants`."""
        self._processes = processes
        self._owners: dict[int, ProcessKey] = {}
        self._rest_until = 0.0

    def owner(self, inode: int) -> ProcessKey | None:
        """One process that holds the socket; None when none does.

        A found owner is remembered. Scans for what is not found take at most a third of the time.
        """
        known = self._owners.get(inode)
        if known is not None:
            return known
        began = time.monotonic()
        if began < self._rest_until:
            return None
        self._scan()
        ended = time.monotonic()
        self._rest_until = ended + 2 * (ended - began)
        return self._owners.get(inode)

    def _scan(self) -> None:
        if len(self._owners) > _MAX_REMEMBERED:
            self._owners.clear()
        for number, pid in enumerate(self._processes()):
            if number >= MAX_PROCESSES:
                return
            try:
                inodes = _sockets(pid)
                key = proc.stat(pid).key
            except OSError:  # it ended meanwhile, or is not ours to look into
                continue
            # The first process wins: a parent comes before the children that inherited from it.
            for inode in inodes:
                self._owners.setdefault(inode, key)


def _sockets(pid: int) -> list[int]:
    folder = b"/proc/%d/fd/" % pid
    found = []
    for name in os.listdir(folder):
        try:
            target = os.readlink(folder + name)
        except OSError:  # closed meanwhile
            continue
        if target.startswith(_PREFIX):
            found.append(int(target[len(_PREFIX) : -1]))
    return found


def descendants(init: int) -> list[int]:
    """Pids of all processes below `init`, parents first, `init` itself left out."""
    found: list[int] = []
    level = [init]
    while level:
        level = [child for pid in level for child in _children(pid)]
        found += level
    return found


def _children(pid: int) -> list[int]:
    folder = f"/proc/{pid}/task"
    children: list[int] = []
    try:
        for thread in os.listdir(folder):
            children += map(int, proc.read(f"{folder}/{thread}/children", 1 << 16).split())
    except OSError:  # it ended meanwhile
        pass
    return children
