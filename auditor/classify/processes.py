"""Who was who: the process table over time, and the owner of anything that names a process.

Not the join of sockets to processes: that is `attribution`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.observation import ProcessExited
from auditor.model.observation import ProcessSeen
from auditor.model.process import NOBODY
from auditor.model.process import Owner
from auditor.model.process import Process
from auditor.model.process import ProcessKey

if TYPE_CHECKING:
    from auditor.classify.ledger import Ledger

GENERATIONS = 64
"""Longest chain of parents that is followed; a longer one is a loop in a broken journal."""


@dataclass(frozen=True, slots=True)
class _Life:
    """One process from first to last sight."""

    times: tuple[float, ...]
    seen: tuple[ProcessSeen, ...]
    """As it was from each of the times on."""
    end: float | None

    def at(self, mono: float) -> ProcessSeen:
        return self.seen[max(bisect_right(self.times, mono) - 1, 0)]


class ProcessTable:
    """All processes of a run, ours included."""

    def __init__(self, ledger: Ledger) -> None:
        """Read what was seen of each process."""
        seen: dict[str, list[tuple[float, ProcessSeen]]] = {}
        for entry, what in ledger.all(ProcessSeen):
            seen.setdefault(what.key, []).append((entry.mono, what))
        ended = {what.key: entry.mono for entry, what in ledger.all(ProcessExited)}
        self._lives = {
            key: _Life(tuple(at for at, _ in sights), tuple(what for _, what in sights), ended.get(key))
            for key, sights in seen.items()
        }
        self._roots: dict[str, str] = {}
        self._sessions: dict[int, str] = {}
        for key, life in self._lives.items():
            first = life.seen[0]
            self._sessions.setdefault(first.pid, key)
            if not first.parent:
                self._roots.setdefault(first.role, key)
        self._parents = {key: self._parent(key, life) for key, life in self._lives.items()}

    def _parent(self, key: str, life: _Life) -> str:
        """The parent at birth; for a process first seen after its parent had died, its session tells."""
        named = next((sight.parent for sight in life.seen if sight.parent), "")
        if named or self._roots.get(life.seen[0].role) == key:
            return named
        leader = self._sessions.get(life.seen[0].session, "")
        return leader if leader and leader != key else self._roots.get(life.seen[0].role, "")

    def role(self, key: str) -> str:
        """`app`, `control` or `reference`; empty when the process is not known."""
        life = self._lives.get(key)
        return life.seen[0].role if life else ""

    def owner(self, key: str, mono: float, attribution: str) -> Owner:
        """The process as it was at `mono`: the program it was running, and its ancestors."""
        if not key:
            return NOBODY
        pid = int(key.partition(".")[0]) if key.partition(".")[0].isdigit() else 0
        life = self._lives.get(key)
        now = life.at(mono) if life else None
        return Owner(
            key=ProcessKey(key),
            pid=pid,
            executable=now.executable if now else "",
            argv=now.argv if now else (),
            ancestry=self._ancestry(key, mono),
            attribution=attribution,
        )

    def _ancestry(self, key: str, mono: float) -> tuple[str, ...]:
        line: list[str] = []
        parent = self._parents.get(key, "")
        while parent in self._lives and len(line) < GENERATIONS:
            line.append(self._lives[parent].at(mono).executable)
            parent = self._parents[parent]
        return tuple(line)

    def processes(self, role: str) -> tuple[Process, ...]:
        """Those that descend from one launch, in order of their first sight."""
        return tuple(
            Process(
                key=ProcessKey(key),
                pid=life.seen[-1].pid,
                parent=ProcessKey(self._parents[key]) if self._parents[key] else None,
                executable=life.seen[-1].executable,
                argv=life.seen[-1].argv,
                start_s=life.times[0],
                end_s=life.end,
                role=role,
            )
            for key, life in self._lives.items()
            if life.seen[0].role == role
        )
