"""What an overlay's upper directory says about its lower one (Documentation/filesystems/overlayfs.rst).

Not the contents: this only tells which names are there, and what they cover.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from typing import Protocol

MAX_ENTRIES: Final = 200_000
"""Names that one walk looks at."""
_OWNER_READS = stat.S_IRUSR | stat.S_IXUSR
_OPAQUE = ("user.overlay.opaque", "trusted.overlay.opaque")


class Layer(Protocol):
    """One writable tree of the box; `auditor.sandbox.plan.Layer` is one."""

    @property
    def mount(self) -> str:
        """Where the app sees it."""

    @property
    def upper(self) -> str:
        """Where the changes are."""

    @property
    def lower(self) -> str:
        """What they are relative to; empty for a tree that began empty."""


Signature = tuple[int, int, int, int]
"""Mode, inode, size and time of modification: all equal for an entry that was left alone."""
Listing = dict[str, Signature]
"""Signatures by the path the app sees."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name in an upper directory."""

    path: str
    """As the app sees it."""
    upper: str
    """Where it is on disk."""
    status: os.stat_result
    lower: str
    """What it covers; empty when there is no such name below."""
    lower_status: os.stat_result | None
    replaced: bool = False
    """It is a directory that hides what was below it: the old one, or one above, was made anew."""

    @property
    def is_whiteout(self) -> bool:
        """It stands for a removed name: a character device 0:0."""
        return stat.S_ISCHR(self.status.st_mode) and self.status.st_rdev == 0

    @property
    def signature(self) -> Signature:
        """See `Signature`."""
        status = self.status
        return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns


def listing(layers: Iterable[Layer]) -> Listing:
    """Every name of the upper directories as it is now, to tell later changes apart."""
    return {name.path: name.signature for layer in layers for name in walk(layer)}


def walk(layer: Layer) -> Iterator[Name]:
    """Names in an upper directory, parents first, sorted; symbolic links are never followed.

    Directories whose mode keeps even their owner out are opened until the walk ends, which is at the
    latest after `MAX_ENTRIES` names.
    """
    opened: list[tuple[str, int]] = []
    waiting = [Name(layer.mount.rstrip("/"), layer.upper, os.lstat(layer.upper), layer.lower, None)]
    seen = 0
    try:
        while waiting and seen < MAX_ENTRIES:
            parent = waiting.pop()
            below: list[Name] = []
            for base in _list(parent, opened)[: MAX_ENTRIES - seen]:
                name = _name(parent, base)
                if name is not None:
                    seen += 1
                    yield name
                    if stat.S_ISDIR(name.status.st_mode):
                        below.append(name)
            waiting += reversed(below)
    finally:
        for folder, mode in reversed(opened):
            os.chmod(folder, mode)


def _list(folder: Name, opened: list[tuple[str, int]]) -> list[str]:
    mode = stat.S_IMODE(folder.status.st_mode)
    try:
        if mode & _OWNER_READS != _OWNER_READS:
            os.chmod(folder.upper, mode | _OWNER_READS)
            opened.append((folder.upper, mode))
        return sorted(os.listdir(folder.upper))
    except OSError:  # gone meanwhile, another user's, or a path longer than the kernel takes
        return []


def _name(parent: Name, base: str) -> Name | None:
    upper = f"{parent.upper}/{base}"
    try:
        status = os.lstat(upper)
    except OSError:  # gone meanwhile, or a path longer than the kernel takes
        return None
    lower = f"{parent.lower}/{base}" if parent.lower else ""
    lower_status = _lstat(lower) if lower else None
    replaced = stat.S_ISDIR(status.st_mode) and (parent.replaced or is_opaque(upper))
    return Name(
        f"{parent.path}/{base}", upper, status, lower if lower_status else "", lower_status, replaced
    )  # fmt: skip


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def removed(name: Name) -> list[str]:
    """Paths in the lower layer that this name removed: what a whiteout or a replaced directory hides."""
    if not name.lower:
        return []
    if name.is_whiteout:
        return [name.lower]
    if not name.replaced or not stat.S_ISDIR(name.lower_status.st_mode if name.lower_status else 0):
        return []
    try:
        gone = set(os.listdir(name.lower)) - set(os.listdir(name.upper))
    except OSError:
        return []
    return [f"{name.lower}/{base}" for base in sorted(gone)]


def is_opaque(folder: str) -> bool:
    """Whether a directory hides everything below it: the old one was removed and made anew."""
    for attribute in _OPAQUE:
        try:
            if os.getxattr(folder, attribute, follow_symlinks=False) == b"y":
                return True
        except OSError:  # not set, or not for us to see
            continue
    return False


def count_entries(folder: str, limit: int = MAX_ENTRIES) -> int:
    """Names below a directory, at most `limit`."""
    count = 0
    waiting = [folder]
    while waiting and count < limit:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:  # not ours to read
            continue
    return min(count, limit)
