"""Files that the app made, changed or removed, and sockets that it listened on."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.process import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One difference between the box's disk before and after."""

    path: str
    change: str
    """`created`, `modified` or `deleted`."""
    bytes: int
    """Size afterwards; 0 when deleted."""
    process: Owner
    canaries: tuple[str, ...]
    metadata: tuple[str, ...]
    """`mode`, `owner`, `mtime`, `symlink`, `socket`, ...: what else a reader may want to know."""
    content: str = ""
    """File name under `files/` that holds the content, empty when it was not kept."""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One address on which the app accepted connections."""

    address: str
    port: int
    process: Owner
    exposure: str
    """`loopback`, `all-interfaces` or `lan`."""
    phase: str = ""
    transport: str = "tcp"
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A system call that the box denied, or a door that it had walled up."""

    process: Owner
    call: str
    detail: str
    phase: str
    evidence: tuple[str, ...] = ()
