"""Everything that a user can choose about a recording, checked and frozen.

Not parsing: the command line turns its options into these.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

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
    document: bool = False
    """Say the document, too."""
    expect: str = ""
    """Text that proves that a prompt was run."""
    accept_unproven_answer: bool = False
    idle_s: float = 10.0
    settle_s: float = 15.0
    timeout_s: float = 600.0
    out: Path
    writable: tuple[Path, ...] = ()
    gpu: bool = True
    honey: bool = True
    """Lay honey files and set honey variables."""
    reference: bool = True
    reference_model: Path | None = None
    hidden: tuple[Path, ...] = field(default=())
    """More directories that the app must not see."""
    silent: bool = False
    """Use the app as the driver does, but type nothing: the empty half of paired runs."""
    api_key: str = field(default="", repr=False)
    """Key for the app's own API; never written down."""
    paired: str = ""
    """How many paired runs may follow, `auto`, or empty for none."""
    paired_error: float = 0.001
    """Chance that they accuse an app of what it does not do."""
    probe_tls: bool = False
    """Show the app a certificate that it must refuse, when it connects to a host again."""
    ready_s: float = 60.0
    """How long the app may take until it can be prompted."""
    answer_s: float = 180.0
    """How long it may take for one answer."""

    @property
    def options(self) -> tuple[str, ...]:
        """What the command line must say to ask for the same recording again, defaults left out."""
        default = Settings(command=self.command, out=self.out)
        return tuple(
            word
            for name, words in _OPTIONS
            if getattr(self, name) != getattr(default, name)
            for word in words(getattr(self, name))
        )


def _named(option: str) -> Callable[[Any], list[str]]:
    return lambda value: [f"--{option}={value:g}" if isinstance(value, float) else f"--{option}={value}"]


def _each(option: str) -> Callable[[Any], list[str]]:
    return lambda values: [f"--{option}={value}" for value in values]


def _flag(option: str) -> Callable[[Any], list[str]]:
    return lambda _: [f"--{option}"]


_OPTIONS: tuple[tuple[str, Callable[[Any], list[str]]], ...] = (
    ("mode", _named("mode")),
    ("driver", _named("driver")),
    (
        "declared",
        lambda items: [f"--allow={item.host}{item.purpose and '=' + item.purpose}" for item in items],
    ),
    ("publish", lambda pairs: [f"--publish={port}:{host_port}" for port, host_port in pairs]),
    ("url", _named("url")),
    ("prompts", _each("prompt")),
    ("document", _flag("document")),
    ("expect", _named("expect")),
    ("accept_unproven_answer", _flag("accept-unproven-answer")),
    ("idle_s", _named("idle")),
    ("settle_s", _named("settle")),
    ("paired", _named("paired")),
    ("paired_error", _named("paired-error")),
    ("probe_tls", _flag("probe-tls")),
    ("ready_s", _named("ready")),
    ("answer_s", _named("answer")),
    ("timeout_s", _named("timeout")),
    ("writable", _each("writable")),
    ("gpu", _flag("no-gpu")),
    ("honey", _flag("no-honey")),
    ("reference", _flag("no-reference")),
    ("reference_model", _named("reference-model")),
)
"""By field of `Settings`: how it is written on the command line. Not the key, and not the run directory."""


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
