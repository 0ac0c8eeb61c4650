"""From the path that a waiting call names to the real one, absolute, as the app sees it.

Not the memory that the path was read from, and not what the call does to it. Links below /proc, which
lead to other processes, are not followed.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from typing import Final

from auditor.capture.tasks import Task
from auditor.kernel import peek

_NAMELESS: Final = (b"", b".", b"..")
_REMEMBERED: Final = 4096
_REMEMBERED_S: Final = 1.0
"""A call that was let run may take effect after we looked again; so nothing is believed for long."""


@dataclass(slots=True)
class Entry:
    """A name in a directory, itself never followed."""

    path: bytes
    """Of the real directory, with the name."""
    mode: int
    """Type and permissions (inode(7)); 0 when nothing has this name."""

    @property
    def is_plain(self) -> bool:
        """No path can lead through it: it is a regular file, or not there."""
        return not self.mode or stat.S_ISREG(self.mode)


class Paths:
    """The box's file system; remembers real directories, of which there are far fewer than files."""

    def __init__(self) -> None:
        self._folders: dict[tuple[bytes, bytes], bytes] = {}
        self._until = 0.0

    def forget(self) -> None:
        """A directory or a link is about to go away: paths through it will lead elsewhere."""
        self._folders.clear()

    def entry(self, task: Task, path: bytes) -> Entry | None:
        """The last name of an absolute path in its real directory; None when it ends in none.

        Raises:
            OSError: there is no such directory, or it may not be looked into.
        """
        folder, _, name = path.rstrip(b"/").rpartition(b"/")
        if name in _NAMELESS:
            return None
        real = self._folder(task, folder) + b"/" + name
        try:
            mode = os.lstat(b"/proc/%d/root%b" % (task.tid, real.removeprefix(task.root))).st_mode
        except FileNotFoundError:
            mode = 0
        return Entry(real, mode)

    def _folder(self, task: Task, path: bytes) -> bytes:
        now = time.monotonic()
        if now > self._until or len(self._folders) > _REMEMBERED:
            self._folders.clear()
            self._until = now + _REMEMBERED_S
        real = self._folders.get((task.root, path))
        if real is None:
            real = self._folders[task.root, path] = self.target(task, path + b"/").removesuffix(b"/")
        return real

    def target(self, task: Task, path: bytes) -> bytes:
        """What an absolute path leads to.

        Raises:
            OSError: ENOENT when it leads nowhere; as openat2(2).
        """
        handle = peek.open_as_seen_by(task.tid, path)
        try:
            # Relative to the root of the box's mount namespace, which is not ours (proc_pid_fd(5)).
            return os.readlink(b"/proc/self/fd/%d" % handle)
        finally:
            os.close(handle)
