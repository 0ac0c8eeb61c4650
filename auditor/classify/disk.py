"""Files that the app changed, addresses it listened on, and doors it tried.

Not their contents: those are searched with everything else.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from auditor.classify import hosts
from auditor.model.file import Attempt
from auditor.model.file import FileChange
from auditor.model.file import Listener
from auditor.model.observation import AttemptDenied
from auditor.model.observation import FileChanged
from auditor.model.observation import ListenerSeen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.classify.attribution import Attribution
    from auditor.classify.ledger import Ledger
    from auditor.classify.processes import ProcessTable
    from auditor.classify.writers import Writer
    from auditor.classify.writers import Writers
    from auditor.model.observation import Entry

_EXPOSURE = {"loopback": "loopback", "any": "all-interfaces", "remote": "lan", "multicast": "lan"}


def file_changes(
    ledger: Ledger, writers: Writers, found: Mapping[str, tuple[str, ...]]
) -> tuple[FileChange, ...]:
    """Changes by the app; `found` names the canaries in each path."""
    return tuple(
        _change(entry, what, writers.of(entry, what), found.get(what.path, ()))
        for entry, what in ledger.all(FileChanged)
        if what.role == "app"
    )


def _change(entry: Entry, what: FileChanged, writer: Writer, canaries: tuple[str, ...]) -> FileChange:
    content = f"files/{what.content}" if what.content else ""
    return FileChange(
        path=what.path,
        change=what.change,
        bytes=what.bytes,
        process=writer.owner,
        canaries=canaries,
        metadata=_metadata(what),
        content=what.content,
        evidence=tuple(filter(None, (entry.ref, content, writer.ref))),
    )


def _metadata(what: FileChanged) -> tuple[str, ...]:
    facts = (
        "" if what.type == "file" else what.type,
        f"mode {stat.S_IMODE(what.mode):04o}" if what.change != "deleted" else "",
        f"points to {what.target}" if what.target else "",
        "not kept whole" if not what.complete and what.change != "deleted" else "",
    )
    return tuple(fact for fact in facts if fact)


def listeners(ledger: Ledger, attribution: Attribution) -> tuple[Listener, ...]:
    """Addresses of the app, each once, as first seen."""
    seen: dict[tuple[str, str, int], Listener] = {}
    for entry, what in ledger.all(ListenerSeen):
        if what.role != "app":
            continue
        key = (what.transport, what.address, what.port)
        owner = attribution.listener(entry, what.owner, what.address, what.port)
        listener = Listener(
            address=what.address,
            port=what.port,
            process=owner,
            exposure=_EXPOSURE[hosts.scope(what.address)],
            phase=entry.phase,
            transport=what.transport,
            evidence=(entry.ref,),
        )
        seen.setdefault(key, listener)
    return tuple(seen.values())


def attempts(ledger: Ledger, processes: ProcessTable) -> tuple[Attempt, ...]:
    """System calls that the box refused to the app."""
    return tuple(
        Attempt(
            process=processes.owner(what.process, entry.mono, "cookie"),
            call=what.call,
            detail=what.detail,
            phase=entry.phase,
            evidence=(entry.ref,),
        )
        for entry, what in ledger.all(AttemptDenied)
        if what.role == "app"
    )
