"""Everything that a user can choose about a recording, checked and frozen.

Not parsing: the command line turns its options into these.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from platformdirs import user_state_path

from auditor.errors import UsageError
from auditor.model.run import Declared
from auditor.model.run import Mode

APP = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One recording as it was asked for."""

    command: tuple[str, ...]
    mode: Mode = Mode.SINKHOLE
    driver: str = "auto"
    declared: tuple[Declared, ...] = ()
    publish: tuple[tuple[int, int], ...] = ()
    """(port of the app, port on the host's loopback) pairs."""
    url: str = ""
    """Where the app's own server listens inside the box; found by watching when empty."""
    prompts: tuple[str, ...] = ()
    """The user's own prompts; the built-in ones when empty."""
    expect: str = ""
    """Text that proves that a prompt was run."""
    accept_unproven_answer: bool = False
    idle_s: float = 10.0
    settle_s: float = 15.0
    timeout_s: float = 600.0
    out: Path
    writable: tuple[Path, ...] = ()
    gpu: bool = True
    reference: bool = True
    reference_model: Path | None = None
    hidden: tuple[Path, ...] = field(default=())
    """More directories that the app must not see."""


def runs_folder() -> Path:
    """Where runs go without `--out`."""
    return user_state_path(APP) / "runs"


def new_run_id(command: tuple[str, ...]) -> str:
    """`20261121T014500Z-gradio-7f3a`: sorts by time, names the program."""
    name = "".join(char for char in Path(command[0]).name.lower() if char.isalnum() or char in "-_") or "app"
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{name[:24]}-{secrets.token_hex(2)}"


def check_command(command: tuple[str, ...]) -> None:
    """See that the program can be started at all, before anything is made.

    Raises:
        UsageError: not found, or not executable.
    """
    name = command[0]
    if "/" not in name:
        if shutil.which(name) is None:
            raise UsageError(
                f"The command {name!r} was not found.",
                fix="Check the spelling, activate its environment, or give the full path.",
            )
        return
    path = Path(name)
    if not path.exists():
        raise UsageError(f"There is no program at {name}.", fix="Check the path after `--`.")
    if path.is_dir():
        raise UsageError(f"{name} is a directory.", fix="Name the program to run after `--`.")
    if not os.access(path, os.X_OK):
        raise UsageError(
            f"{name} is not an executable program.",
            fix=f"Make it executable (`chmod +x {name}`), or start it with its interpreter.",
        )
