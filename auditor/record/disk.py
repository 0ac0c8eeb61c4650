"""What was changed on the box's disk, written down in steps: first the app's, then our own programs'.

And the one error that ends a recording at any moment: a disk that takes nothing more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from auditor.capture import files
from auditor.capture import overlay
from auditor.errors import RecordingFailed
from auditor.evidence.journal import Journal
from auditor.evidence.store import RunDirectory
from auditor.sandbox.plan import BoxPlan

ROOM: Final = 256 << 20
"""Bytes that stay free on each disk that a recording uses."""


def free(path: Path) -> int:
    """Bytes that an ordinary user may still write (statvfs(3))."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def _to_keep(room: int) -> int:
    """How much of what the app wrote may be copied, on a disk with so much room: never all of it."""
    return min(files.CAP_TOTAL, room - ROOM // 2 if room >= ROOM else room // 2)


def check_disk(run: Path, error: OSError | None) -> None:
    """Stop as soon as something could not be written down.

    Raises:
        RecordingFailed: `error` is not None.
    """
    if error is not None:
        raise RecordingFailed(
            f"The run directory {run} could not be written: {error.strerror or error}. The run is unsealed.",
            fix="Make room on its disk, or choose another with --out.",
        )


class Disk:
    """The writable trees of one box."""

    def __init__(self, plan: BoxPlan, directory: RunDirectory, journal: Journal) -> None:
        self._layers = plan.layers
        self._ignored = plan.ignored_paths
        self._keep = directory.files
        self._journal = journal
        self._before: overlay.Listing | None = None

    def take_stock(self) -> None:
        """Before the app is started: what lies in the layers now is ours, until somebody changes it."""
        self._before = overlay.listing(self._layers)

    def write_changes(self, role: str, ignore: Iterable[str] = ()) -> None:
        """Journal what changed since the last time, as the doing of `role`.

        Args:
            role: `app`, `control` or `reference`.
            ignore: Paths in the box that we planted.
        """
        ignored = self._ignored | frozenset(ignore)
        room = _to_keep(free(self._keep))
        found = files.changes(
            self._layers, self._keep, ignore=ignored, before=self._before, role=role, cap_total=room
        )
        for change in found:
            self._journal.write(files.OBSERVER, change)
        self._before = overlay.listing(self._layers)
