"""Which name a waiting call writes, makes, moves or removes, read as its process sees it.

Not what became of it: the call has not run yet and may still fail; the overlays tell what is left. Calls
that cannot succeed (making what is there, moving what is not) are left out as far as this can be seen.
"""

from __future__ import annotations

import os
import stat
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditor.capture import calls
from auditor.capture.paths import Entry
from auditor.capture.paths import Paths
from auditor.capture.tasks import Task
from auditor.kernel import peek
from auditor.kernel.notify import Notification
from auditor.kernel.seccomp import WRITE_FLAGS

MAX_TOUCHES: Final = 50_000
"""Lines about them in one run, for each role: the app must not use up the room of our own programs."""
PIPE: Final = "pipe"
"""Call of a touch that is no line of its own: a named pipe is opened for writing."""
_NO_NAME = os.O_PATH | os.O_DIRECTORY
"""Flags of an open(2) that writes nothing, or (O_TMPFILE) a file that has no name yet."""
_CREAT = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2  # linux/fs.h
_OPEN_HOW = struct.Struct("=QQQ")  # flags, mode, resolve: linux/openat2.h


@dataclass(slots=True)
class Touch:
    """One name that is about to change."""

    call: str
    """See `auditor.model.observation.FileTouched`."""
    path: bytes
    source: bytes = b""


@dataclass(frozen=True, slots=True)
class _Form:
    """Which arguments of a call say what it touches; -1 for one that it does not have."""

    call: str
    path: int
    base: int = -1
    """Descriptor of the directory that `path` begins at; without one, the working directory."""
    source: int = -1
    source_base: int = -1
    flags: int = -1


_FORMS: Final = {
    "open": _Form("open", 0, flags=1),
    "openat": _Form("open", 1, base=0, flags=2),
    "openat2": _Form("open", 1, base=0),
    "creat": _Form("open", 0),
    "truncate": _Form("truncate", 0),
    "truncate64": _Form("truncate", 0),
    "rename": _Form("rename", 1, source=0),
    "renameat": _Form("rename", 3, base=2, source=1, source_base=0),
    "renameat2": _Form("rename", 3, base=2, source=1, source_base=0, flags=4),
    "link": _Form("link", 1, source=0),
    "linkat": _Form("link", 3, base=2, source=1, source_base=0),
    "symlink": _Form("symlink", 1),
    "symlinkat": _Form("symlink", 2, base=1),
    "mkdir": _Form("mkdir", 0),
    "mkdirat": _Form("mkdir", 1, base=0),
    "mknod": _Form("mknod", 0),
    "mknodat": _Form("mknod", 1, base=0),
    "unlink": _Form("unlink", 0),
    "unlinkat": _Form("unlink", 1, base=0),
    "rmdir": _Form("unlink", 0),
}
CALLS: Final = frozenset(_FORMS)
"""Those calls of `auditor.kernel.seccomp.POLICY` that are understood here."""


def touch(call: Notification, name: str, task: Task, paths: Paths) -> Touch | None:
    """What a call of `CALLS` is about to do; None when that changes no name, or cannot succeed.

    Args:
        call: It waits.
        name: Its name in the policy.
        task: Who makes it.
        paths: To find out where its paths lead.

    Raises:
        OSError: the process is gone, may not be looked into, or gave a bad pointer.
    """
    form = _FORMS[name]
    flags = _flags(call, name, form)
    if form.call == "open" and (not flags & WRITE_FLAGS or flags & _NO_NAME):
        return None
    path = calls.path(call, form.path, form.base)
    source = calls.path(call, form.source, form.source_base) if form.source >= 0 else b""
    try:
        return _Reader(task, paths, form.call, flags).read(path, source)
    except OSError:  # it leads nowhere, or where the caller may not go either
        return None


def _flags(call: Notification, name: str, form: _Form) -> int:
    if name == "openat2":
        return int(_OPEN_HOW.unpack(peek.read_memory(call.pid, call.arguments[2], _OPEN_HOW.size))[0])
    if name == "creat":
        return _CREAT
    return call.arguments[form.flags] if form.flags >= 0 else 0


class _Reader:
    """One call with its flags; a method for each kind."""

    def __init__(self, task: Task, paths: Paths, kind: str, flags: int) -> None:
        self._task = task
        self._paths = paths
        self._kind = kind
        self._flags = flags

    def read(self, path: bytes, source: bytes) -> Touch | None:
        new = self._paths.entry(self._task, path)
        if new is None:
            return None
        if self._kind in {"open", "truncate"}:
            return self._opens(new)
        if self._kind == "unlink":
            return self._removes(new)
        if self._kind == "rename":
            return self._renames(new, self._paths.entry(self._task, source))
        if new.mode:  # EEXIST: mkdir, mknod, symlink and link replace nothing
            return None
        return Touch(self._kind, new.path, self._linked(source) if source else b"")

    def _opens(self, entry: Entry) -> Touch | None:
        creates, excludes = self._flags & os.O_CREAT, self._flags & (os.O_EXCL | os.O_NOFOLLOW)
        if not entry.mode:
            return Touch(self._kind, entry.path) if creates else None
        if stat.S_ISREG(entry.mode):
            return None if creates and excludes & os.O_EXCL else Touch(self._kind, entry.path)
        if stat.S_ISLNK(entry.mode) and not excludes:
            return Touch(self._kind, self._paths.target(self._task, entry.path))
        if stat.S_ISFIFO(entry.mode):
            return Touch(PIPE, entry.path)
        return None  # what is written to a device stays nowhere

    def _removes(self, entry: Entry) -> Touch | None:
        if not entry.is_plain:
            self._paths.forget()
        return Touch(self._kind, entry.path) if entry.mode else None

    def _renames(self, new: Entry, old: Entry | None) -> Touch | None:
        if old is None or not old.mode or old.path == new.path:
            return None
        if not (old.is_plain and new.is_plain):
            self._paths.forget()
        if self._flags & _RENAME_EXCHANGE:
            return Touch("exchange", new.path, old.path) if new.mode else None
        if self._flags & _RENAME_NOREPLACE and new.mode:
            return None
        return Touch(self._kind, new.path, old.path)

    def _linked(self, source: bytes) -> bytes:
        try:
            old = self._paths.entry(self._task, source)
        except OSError:  # a descriptor below /proc: the file has had no name so far
            return b""
        return old.path if old and stat.S_ISREG(old.mode) else b""


class News:
    """Tells what is worth a line: a name below the trees whose last line said something else."""

    def __init__(self, trees: Iterable[str]) -> None:
        """Care for what is below `trees`, as the app sees them."""
        self._trees = tuple(os.fsencode(tree.rstrip("/")) + b"/" for tree in trees)
        self._changed: dict[bytes, tuple[str, str, bytes]] = {}
        self._removed: dict[bytes, str] = {}
        self._lines: Counter[str] = Counter()
        self.unseen = 0
        """Calls that came when there was no room for lines any more."""

    def has_room(self, role: str) -> bool:
        """Whether to look at one more call at all."""
        full = self._lines[role] >= MAX_TOUCHES
        self.unseen += full
        return not full

    def concerns(self, touch: Touch) -> bool:
        """Whether it is about the writable trees."""
        return touch.path.startswith(self._trees) or touch.source.startswith(self._trees)

    def note(self, touch: Touch, process: str, role: str) -> bool:
        """Remember it as the last of its name; False when that would only repeat the line before."""
        fresh = False
        if touch.call == "unlink" or touch.source:
            gone = touch.source or touch.path
            fresh = self._removed.get(gone) != process
            self._removed[gone] = process
        if touch.call != "unlink":
            mark = (process, touch.call, touch.source)
            fresh = fresh or self._changed.get(touch.path) != mark
            self._changed[touch.path] = mark
        self._lines[role] += fresh
        return fresh
