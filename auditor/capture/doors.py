"""Doors to services of the host: unix sockets and named pipes that the box does not know as its own.

Not what keeps them shut: masks, overlays and namespaces do. What appears on the host after the box was
built is turned away here as far as a look can do it; a program that swaps a path under it gets through.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.capture import proc
from auditor.capture.calls import Address
from auditor.kernel import peek

PLACES: Final = (
    "/run/", "/var/run/", "/dev/log", "/tmp/.X11-unix/", "/tmp/.ICE-unix/", "/tmp/ssh-", "/tmp/dbus-",
    "/tmp/pulse-", "/tmp/tmux-",
)  # fmt: skip
"""Where services of a machine have their sockets: to look for one there says something, even in vain."""
MAX_OWN: Final = 10_000
"""Names that are remembered as the box's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A program asked for a door that is not the box's own."""

    detail: str
    refuse: int = 0
    """Errno to answer with; 0 lets the call run, and fail by itself."""


class Doors:
    """The names that the box bound itself, and what to think of others."""

    def __init__(self, trees: Iterable[str], mounts: Path = Path("/proc/self/mountinfo")) -> None:
        """Know the host's file systems.

        Args:
            trees: Directories of the box's own, as the app sees them.
            mounts: Mount table of the host.
        """
        self._trees = tuple(tree.rstrip("/") + "/" for tree in trees)
        self._host = frozenset(line.split()[2] for line in mounts.read_text().splitlines())
        self._own: set[str] = set()

    def bound(self, pid: int, where: Address) -> None:
        """Thread `pid` of the box is about to bind a socket to a name."""
        folder, _, name = where.path.rpartition(b"/")
        self._remember(where.host)
        if folder:
            handle = peek.open_as_seen_by(pid, folder)
            try:
                self._remember(proc.text(os.readlink(b"/proc/self/fd/%d" % handle) + b"/" + name))
            finally:
                os.close(handle)

    def moved(self, old: bytes, new: bytes) -> None:
        """A name of the box changes."""
        if proc.text(old) in self._own:
            self._remember(proc.text(new))

    def _remember(self, name: str) -> None:
        if len(self._own) < MAX_OWN:
            self._own.add(name)

    def socket(self, pid: int, where: Address) -> Knock | None:
        """What to think of a connect(2) or sendto(2) to a unix socket; None when it is the box's own.

        Args:
            pid: Thread that calls.
            where: Its target, a `unix` address.
        """
        if where.host in self._own or not where.host or where.host.endswith("/"):
            return None
        if where.host.startswith("@"):
            return Knock(detail=f"unix socket {where.host} (abstract, not in the box)")
        try:
            handle = peek.open_as_seen_by(pid, where.path)
        except OSError:
            in_vain = where.host.startswith(PLACES)
            return Knock(detail=f"unix socket {where.host} (not there in the box)") if in_vain else None
        try:
            return self._found(pid, handle, where.host)
        finally:
            os.close(handle)

    def _found(self, pid: int, handle: int, name: str) -> Knock | None:
        mode = os.fstat(handle).st_mode
        real = proc.text(os.readlink(b"/proc/self/fd/%d" % handle))
        if real in self._own or not (stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)):
            return None
        if stat.S_ISSOCK(mode) and self._is_of_host(pid, handle, real):
            return Knock(detail=f"unix socket {name} (a service of this machine)", refuse=errno.ECONNREFUSED)
        return Knock(detail=f"unix socket {name} (hidden by the box)")

    def pipe(self, pid: int, path: bytes) -> Knock | None:
        """What to think of an open(2) for writing of a named pipe; None when it is the box's own.

        Raises:
            OSError: it is gone.
        """
        handle = peek.open_as_seen_by(pid, path)
        try:
            name = proc.text(path)
            if not self._is_of_host(pid, handle, name):
                return None
            return Knock(detail=f"named pipe {name} (of this machine)", refuse=errno.EACCES)
        finally:
            os.close(handle)

    def _is_of_host(self, pid: int, handle: int, real: str) -> bool:
        """Whether a file lies on a file system that is mounted outside, too, and in none of our trees."""
        return not real.startswith(self._trees) and _device(pid, handle) in self._host


def _device(pid: int, handle: int) -> str:
    """Which file system (`major:minor`) an open file lies on, by its mount (proc_pid_fdinfo(5)).

    Not by its st_dev, which differs between the subvolumes of one btrfs.
    """
    info = proc.read(f"/proc/self/fdinfo/{handle}", 1 << 12).decode()
    mount = next(line.split()[1] for line in info.splitlines() if line.startswith("mnt_id:"))
    table = Path(f"/proc/{pid}/mountinfo").read_text(errors="surrogateescape")
    fields = (line.split(maxsplit=3) for line in table.splitlines())
    return next((field[2] for field in fields if field[0] == mount), "")
