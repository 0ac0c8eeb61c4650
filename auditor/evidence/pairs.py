"""Where paired runs lie in a run directory: the plan, written first, and a run directory for each run.

Not what they mean. Each run is sealed by itself; the list of seals is written when the last has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from auditor.evidence.store import RunDirectory
from auditor.evidence.store import sha256_of
from auditor.model.paired import PairedPlan

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "pairs"
PLAN = "plan.json"
SEALS = "seals.json"


def folder(main: RunDirectory, number: int) -> Path:
    """Run directory of one paired run; `number` counts from 0, its name from 1."""
    return main.root / FOLDER / f"p{number + 1:02}"


def write_plan(main: RunDirectory, plan: PairedPlan) -> None:
    """Write the experiment down before its first run.

    Raises:
        OSError: it cannot be written, or there is one already.
    """
    place = main.root / FOLDER
    place.mkdir(mode=0o700)
    (place / PLAN).write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")


def read_plan(main: RunDirectory) -> PairedPlan | None:
    """The experiment; None when none was begun.

    Raises:
        ValueError: the file is broken.
        OSError: it cannot be read.
    """
    path = main.root / FOLDER / PLAN
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=PairedPlan)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from error


def recorded(main: RunDirectory, plan: PairedPlan) -> list[RunDirectory]:
    """The runs that were made, in order."""
    found = []
    for number in range(len(plan.order)):
        one = RunDirectory(folder(main, number))
        if not one.events.is_file():
            break
        found.append(one)
    return found


def seal(main: RunDirectory) -> None:
    """Write down the digests of the plan and of every run's manifest, so that a change is noticed.

    Raises:
        OSError: the disk is full.
    """
    text = msgspec.json.format(msgspec.json.encode(_digests(main)), indent=2) + b"\n"
    (main.root / FOLDER / SEALS).write_bytes(text)


def changed(main: RunDirectory) -> tuple[str, ...]:
    """Files that differ from the list of seals, are missing or were added; all of them without a list.

    Raises:
        ValueError: the list is broken.
    """
    path = main.root / FOLDER / SEALS
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from error
    there = _digests(main)
    return tuple(sorted(name for name in {*listed, *there} if listed.get(name) != there.get(name)))


def _digests(main: RunDirectory) -> dict[str, str]:
    place = main.root / FOLDER
    files = [place / PLAN, *sorted(place.glob("p*/run.json"))]
    return {str(path.relative_to(place)): sha256_of(path) for path in files if path.is_file()}
