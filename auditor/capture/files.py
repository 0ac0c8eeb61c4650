"""What the app created, changed and deleted, read from the overlays' upper directories.

Not who did it: an overlay does not know. The walk happens after the program ended, and believes nothing:
it follows no link, waits on no fifo, and reads no more than its bounds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from auditor.capture import overlay
from auditor.capture import proc
from auditor.capture.overlay import Layer
from auditor.capture.overlay import Listing
from auditor.capture.overlay import Name
from auditor.evidence.bodies import NOTHING
from auditor.evidence.bodies import BodyStore
from auditor.evidence.bodies import Stored
from auditor.model.observation import FileChanged
from auditor.model.observation import GapNoted

OBSERVER: Final = "files"
CAP_EACH: Final = 64 << 20
CAP_TOTAL: Final = 2 << 30
MAX_READ: Final = 1 << 30
"""Longer files are neither compared nor hashed whole; only their beginning is kept."""
MOST_ATTRIBUTES: Final = 64
"""Of one file; a value has 64 KiB at most (xattr(7))."""
_CHUNK = 1 << 20
_TYPES = {
    stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "fifo", stat.S_IFCHR: "device", stat.S_IFBLK: "device",
}  # fmt: skip


def changes(
    layers: Iterable[Layer],
    keep: Path,
    *,
    cap_each: int = CAP_EACH,
    cap_total: int = CAP_TOTAL,
    ignore: frozenset[str] = frozenset(),
    before: Listing | None = None,
    role: str = "app",
) -> Iterator[FileChanged | GapNoted]:
    """Differences between the upper directories and what they cover, ready for the journal.

    Args:
        layers: Writable trees of the box.
        keep: Existing folder for contents, by their sha256.
        cap_each: Bytes kept of one file.
        cap_total: Bytes kept in all.
        ignore: Paths that we planted ourselves, as the app sees them. What is below them counts.
        before: An earlier `overlay.listing`: only what changed since then is reported.
        role: Who ran since then: `app`, `control` or `reference`.
    """
    store = BodyStore(keep, cap_each=cap_each, cap_total=cap_total)
    before = before or {}
    for layer in layers:
        seen = 0
        for name in overlay.walk(layer):
            seen += 1
            if name.path not in ignore and before.get(name.path) != name.signature:
                yield from _differences(name, store, role, known=name.path in before)
        if seen >= overlay.MAX_ENTRIES:
            text = f"Below {layer.mount} only the first {seen} changed names were looked at."
            yield GapNoted(observer=OBSERVER, text=text, blinds=True)
    if store.failed is not None:
        text = f"Contents of changed files could not be kept ({store.failed.strerror})."
        yield GapNoted(observer=OBSERVER, text=text, blinds=True)


def _differences(name: Name, store: BodyStore, role: str, *, known: bool) -> Iterator[FileChanged]:
    for lower in overlay.removed(name):
        if (gone := _removed(name, lower, role)) is not None:
            yield gone
    if not name.is_whiteout and _differs(name):
        yield _describe(name, store, role, "modified" if known or name.lower else "created")


def _removed(name: Name, lower: str, role: str) -> FileChanged | None:
    try:
        status = os.lstat(lower)
    except OSError:  # the user removed it outside meanwhile
        return None
    folder = stat.S_ISDIR(status.st_mode)
    return FileChanged(
        path=_shown(name.path if name.is_whiteout else f"{name.path}/{os.path.basename(lower)}"),
        change="deleted", bytes=0, type=_type(status), mode=stat.S_IMODE(status.st_mode),
        mtime=status.st_mtime, sha256="", content="", complete=True, role=role,
        entries=overlay.count_entries(lower) if folder else 0,
    )  # fmt: skip


def _differs(name: Name) -> bool:
    """Whether a name is more than a copy that the overlay made of an untouched original."""
    old, new = name.lower_status, name.status
    if old is None or old.st_mode != new.st_mode or _attributes(name.upper) != _attributes(name.lower):
        return True
    if stat.S_ISREG(new.st_mode):
        return old.st_size != new.st_size or not _same_content(name)
    if stat.S_ISLNK(new.st_mode):
        return _target(name.upper) != _target(name.lower)
    return old.st_rdev != new.st_rdev


def _same_content(name: Name) -> bool:
    if name.status.st_size > MAX_READ and name.lower_status is not None:
        return name.status.st_mtime_ns == name.lower_status.st_mtime_ns
    try:
        pairs = zip(_read(_open_ours(name.upper)), _read(_open(name.lower)), strict=True)
        return all(new == old for new, old in pairs)
    except (OSError, ValueError):  # not ours to read, or its length changed meanwhile
        return False


def _describe(name: Name, store: BodyStore, role: str, change: str) -> FileChanged:
    status, regular = name.status, stat.S_ISREG(name.status.st_mode)
    stored, whole = _keep(name, store) if regular else (NOTHING, True)
    return FileChanged(
        path=_shown(name.path), change=change,
        bytes=0 if stat.S_ISDIR(status.st_mode) else status.st_size, type=_type(status),
        mode=stat.S_IMODE(status.st_mode), mtime=status.st_mtime,
        sha256=stored.sha256 if whole else "", content=stored.name,
        complete=whole and stored.kept == stored.bytes,
        target=_shown(_target(name.upper)) if stat.S_ISLNK(status.st_mode) else "", role=role,
        attributes=_attributes(name.upper),
    )  # fmt: skip


def _keep(name: Name, store: BodyStore) -> tuple[Stored, bool]:
    """Copy a file's content; also whether all of it was read."""
    limit = MAX_READ if name.status.st_size <= MAX_READ else store.cap_each
    writer = store.writer()
    try:
        for chunk in _read(_open_ours(name.upper), limit):
            writer.write(chunk)
    except OSError:  # another user's, or the disk fails
        return writer.finish(), False
    return writer.finish(), writer.bytes == name.status.st_size


def _read(handle: int, limit: int = MAX_READ) -> Iterator[bytes]:
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("no regular file any more")
        while limit > 0 and (chunk := os.read(handle, min(_CHUNK, limit))):
            limit -= len(chunk)
            yield chunk
    finally:
        os.close(handle)


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _open_ours(path: str) -> int:
    """Open a file of an upper directory, whatever its mode: a program cannot hide what it wrote."""
    try:
        return _open(path)
    except PermissionError:
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        os.chmod(path, mode | stat.S_IRUSR)
        try:
            return _open(path)
        finally:
            os.chmod(path, mode)


def _type(status: os.stat_result) -> str:
    return _TYPES.get(stat.S_IFMT(status.st_mode), "device")


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _attributes(path: str) -> tuple[tuple[str, str], ...]:
    """What the app may attach to a file, without the overlay's own notes; of a link there is nothing."""
    try:
        names = [name for name in os.listxattr(path, follow_symlinks=False) if _is_of_the_app(name)]
        return tuple(
            (_shown(name), os.getxattr(path, name, follow_symlinks=False).hex())
            for name in sorted(names)[:MOST_ATTRIBUTES]
        )
    except OSError:
        return ()


def _is_of_the_app(name: str) -> bool:
    return name.startswith("user.") and not name.startswith("user.overlay.")


def _shown(path: str) -> str:
    return proc.text(os.fsencode(path))
