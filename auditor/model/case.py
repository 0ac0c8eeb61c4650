"""A case: everything derived from one run directory, ready to be judged and reported."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.canary import CanaryReport
from auditor.model.coverage import Coverage
from auditor.model.file import Attempt
from auditor.model.file import FileChange
from auditor.model.file import Listener
from auditor.model.flow import Flow
from auditor.model.flow import Lookup
from auditor.model.paired import Dependence
from auditor.model.process import Process
from auditor.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One prompt with what came back."""

    index: int
    prompt: str
    answer: str
    """At most 4,000 characters."""
    contains_marker: bool
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the plain llama.cpp inference did in the same box."""

    engine: str
    version: str
    model_sha256: str
    prompts: int
    answers: tuple[Answer, ...]
    flows: int
    lookups: int
    files: int
    canaries_found: int
    listeners: int
    processes: int
    tokens_per_second: float
    error: str = ""
    """Why it did not run to its end; empty when it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run, classified: facts only, no judgement."""

    run: Run
    flows: tuple[Flow, ...]
    """Of the app alone; those of our own control and reference are only counted."""
    lookups: tuple[Lookup, ...]
    canaries: tuple[CanaryReport, ...]
    files: tuple[FileChange, ...]
    listeners: tuple[Listener, ...]
    processes: tuple[Process, ...]
    attempts: tuple[Attempt, ...]
    coverage: Coverage
    reference: Reference | None
    answers: tuple[Answer, ...]
    dependence: Dependence | None = None
    """What paired runs showed; None when none were asked for."""
