"""The shape of `result.json`: the one document that every report format renders.

Not how it is filled: see `auditor.report.result`. Model nouns whose shape is the published one are used
as they are; keys may be added here, never renamed, without a new schema version.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET
from msgspec import UnsetType

from auditor.model.canary import CanaryKind
from auditor.model.case import Answer
from auditor.model.case import Reference
from auditor.model.coverage import ControlResult
from auditor.model.coverage import Gap
from auditor.model.file import Attempt
from auditor.model.file import FileChange
from auditor.model.file import Listener
from auditor.model.finding import Finding
from auditor.model.finding import Outcome
from auditor.model.finding import PrincipleResult
from auditor.model.finding import RuleOutcome
from auditor.model.flow import Destination
from auditor.model.flow import Lookup
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.frames import FrameLedger
from auditor.model.paired import Dependence
from auditor.model.process import Owner
from auditor.model.process import ProcessKey
from auditor.model.run import Assurance
from auditor.model.run import Declared
from auditor.model.run import Mode
from auditor.model.run import Phase

SCHEMA_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was audited, when, how, and with which rules."""

    id: str
    started: str
    """ISO 8601, UTC; every other time in the document is in seconds after it."""
    duration_s: float
    command: tuple[str, ...]
    mode: Mode
    assurance: Assurance
    driver: str
    tool_version: str
    rules_digest: str
    phases: tuple[Phase, ...]
    app_status: str
    reduced_by: tuple[str, ...]
    declared: tuple[Declared, ...]
    sealed: bool
    home: str
    options: tuple[str, ...] = ()
    """Options that ask for the same recording again."""
    altered: tuple[str, ...] = ()
    """Raw files that are not as they were when the recording was sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer."""

    outcome: Outcome
    exit_code: int
    reasons: tuple[str, ...]
    sentence: str
    """The same in one sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request inside a flow; its headers and bodies stay in the run directory."""

    id: str
    method: str
    url: str
    status: int
    bytes_out: int
    bytes_in: int
    purpose: Purpose
    served_by: str
    start_s: float
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One connection, or one conversation of datagrams, of the app."""

    id: str
    phase: str
    start_s: float
    end_s: float
    process: Owner
    destination: Destination
    transport: str
    protocol: str
    visibility: Visibility
    sni: str
    ja4: str
    bytes_out: int
    bytes_in: int
    purpose: Purpose
    entity: str
    declared: bool
    canaries: tuple[str, ...]
    requests: tuple[Request, ...]
    note: str
    evidence: tuple[str, ...]
    alpn: tuple[str, ...] = ()
    """Protocols that the client offered inside TLS."""
    alert: str = ""
    """Why TLS was not set up, as the client or our side said it; empty when it was."""
    trust_store: str = ""
    """Where to add an authority so that this kind of program accepts it; empty when it refused none."""
    unverified: bool = False
    """The app sent data although the server's certificate was one that it must refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One place where a canary was found; exactly one of `flow`, `lookup`, `file` is there."""

    where: str
    encoding: str
    """Decoders from the wire inwards, `gzip > base64`; `plain` when there was none."""
    direction: str
    exchange: str
    excerpt: str
    extent: str = ""
    """How much of a long canary was there: `7 of 24 sentences`."""
    path: str = ""
    """Where it was, with members of documents: `request body > gzip > json:$.events[3].props`."""
    flow: str | UnsetType = UNSET
    lookup: str | UnsetType = UNSET
    file: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One planted value, also when it was found nowhere."""

    id: str
    kind: CanaryKind
    planted_in: str
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of the app."""

    pid: int
    parent: int | None
    """Pid of the parent, null for the first process of the box."""
    executable: str
    argv: tuple[str, ...]
    start_s: float
    end_s: float | None
    key: ProcessKey
    parent_key: ProcessKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketCount:
    """The capture ring's own ledger."""

    captured: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCount:
    """How much was known about the flows of the app."""

    total: int
    attributed: int
    decrypted: int
    opaque: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What could and could not be seen."""

    controls: tuple[ControlResult, ...]
    packets: PacketCount
    flows: FlowCount
    answered: bool
    answer_contains_marker: bool | None
    gaps: tuple[str, ...]
    prompted: bool
    gap_details: tuple[Gap, ...]
    """The same gaps in the same order, with what each one blinds."""
    ledger: FrameLedger | None = None
    """What every frame that left the box belonged to; null without a packet capture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that one run showed."""

    schema_version: str
    run: Run
    verdict: Verdict
    principles: tuple[PrincipleResult, ...]
    findings: tuple[Finding, ...]
    """The gravest first."""
    flows: tuple[Flow, ...]
    lookups: tuple[Lookup, ...]
    canaries: tuple[Canary, ...]
    files: tuple[FileChange, ...]
    listeners: tuple[Listener, ...]
    processes: tuple[Process, ...]
    attempts: tuple[Attempt, ...]
    coverage: Coverage
    reference: Reference | None
    """Null when no reference was run."""
    answers: tuple[Answer, ...]
    rules: tuple[RuleOutcome, ...]
    paired: Dependence | None = None
    """What paired runs showed; null when none were asked for."""
