"""Laying files of ours into the recorded layers of the box, where the app finds them beside the user's own.

Not their contents, and never on the real disk: what is written lies in an overlay's upper directory.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from auditor.sandbox.plan import HoneyFile
from auditor.sandbox.plan import Layer

_AGE_S: Final = 40 * 86400
"""How old a file seems that was laid a moment ago."""


def upper_of(layers: Iterable[Layer], path: str) -> Path | None:
    """Where the box's `path` is recorded; None outside of every writable tree."""
    for layer in layers:
        if layer.lower and Path(path).is_relative_to(layer.mount):
            return Path(layer.upper) / Path(path).relative_to(layer.mount)
    return None


def is_free(layers: Iterable[Layer], path: str) -> bool:
    """Whether a file can be laid at a path: nothing lies there, and no link or other disk on the way."""
    if os.path.lexists(path):
        return False
    folder = os.path.dirname(path)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    straight = os.path.realpath(folder) == folder and os.path.isdir(folder)
    return straight and upper_of(layers, folder) is not None


def made_folders(files: Iterable[HoneyFile]) -> frozenset[str]:
    """Directories that come to be with the files, as the box sees them."""
    parents = {str(parent) for file in files for parent in Path(file.path).parents}
    return frozenset(path for path in parents if not os.path.lexists(path))


def lay(layers: tuple[Layer, ...], files: Iterable[HoneyFile], owner: tuple[int, int]) -> None:
    """Write the files, the user's own and not new.

    Raises:
        OSError: the disk is full.
    """
    for file in files:
        upper = upper_of(layers, file.path)
        if upper is None:
            continue
        _make_folders(layers, Path(file.path).parent, owner)
        upper.write_text(file.text)
        upper.chmod(file.mode)
        os.chown(upper, *owner)
        _date(upper)
        _date_folder(upper.parent, Path(file.path).parent)


def _make_folders(layers: tuple[Layer, ...], folder: Path, owner: tuple[int, int]) -> None:
    upper = upper_of(layers, str(folder))
    if upper is None or upper.is_dir():
        return
    _make_folders(layers, folder.parent, owner)
    with contextlib.suppress(FileExistsError):
        upper.mkdir()
    status = folder.stat() if folder.is_dir() else None
    upper.chmod(stat.S_IMODE(status.st_mode) if status else 0o700)
    # Another user's folder, which we could not give back to him, does not come here: nobody may write in it.
    with contextlib.suppress(PermissionError):
        os.chown(upper, *((status.st_uid, status.st_gid) if status else owner))


def _date_folder(upper: Path, folder: Path) -> None:
    _date(upper, folder.stat().st_mtime if folder.is_dir() else None)


def _date(path: Path, seconds: float | None = None) -> None:
    when = time.time() - _AGE_S if seconds is None else seconds
    os.utime(path, (when, when))
