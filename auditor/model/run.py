"""What was audited, when, and in which phases.

Not how it was run: the box's plan lives in `auditor.sandbox.plan`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from dataclasses import field


class Mode(enum.StrEnum):
    """What the box believes is the internet."""

    SINKHOLE = "sinkhole"
    OFFLINE = "offline"
    LIVE = "live"


class Assurance(enum.StrEnum):
    """How much of the box stood during the recording."""

    FULL = "full"
    REDUCED = "reduced"


class PhaseName(enum.StrEnum):
    """The intervals of a recording, in order; every observation falls in exactly one."""

    START = "start"
    IDLE = "idle"
    PROMPT = "prompt"
    SETTLE = "settle"
    STOP = "stop"
    CONTROL = "control"
    """Our own positive control runs, the app does not."""
    REFERENCE = "reference"
    """Our own llama.cpp reference runs, the app does not."""


APP_PHASES = (PhaseName.START, PhaseName.IDLE, PhaseName.PROMPT, PhaseName.SETTLE, PhaseName.STOP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One interval of a recording."""

    name: PhaseName
    start_s: float
    """Seconds after the recording began."""
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A contact that the user declared with `--allow HOST[=PURPOSE]`."""

    host: str
    """Lower-case host name, IP literal, or `*.example.org` for every name below a domain."""
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One recording."""

    id: str
    """Sorts by time: `20261121T014500Z-gradio-7f3a`."""
    started: str
    """ISO 8601, UTC."""
    duration_s: float
    command: tuple[str, ...]
    mode: Mode
    assurance: Assurance
    driver: str
    tool_version: str
    phases: tuple[Phase, ...] = ()
    app_status: str = ""
    """How the app ended, in words: `exit 0`, `signal 9`, `still running at the end`."""
    declared: tuple[Declared, ...] = ()
    sealed: bool = True
    """False when the recording was interrupted before its manifest was written."""
    home: str = ""
    """Home directory of the app, to shorten paths in reports."""
    altered: tuple[str, ...] = ()
    """Raw files that are not as they were when the recording was sealed: changed, missing or added."""
    reduced_by: tuple[str, ...] = field(default=())
    """Why the assurance is not full, one sentence each."""
    options: tuple[str, ...] = ()
    """Options that ask for the same recording again: `--idle=2`."""
