"""Every process of the box, written down once when it first shows up and once at each execve(2).

Not a poller: it learns of a process only from the system calls that the filter reports.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from auditor.capture import proc
from auditor.capture.calls import Program
from auditor.capture.worker import Outbox
from auditor.model.observation import ProcessExited
from auditor.model.observation import ProcessSeen

_REMEMBERED: Final = 1 << 16
_MAX_CLIMB: Final = 64
"""Ancestors that are looked up for one new process."""


@dataclass(slots=True)
class _Known:
    parent: str
    role: str
    executable: str
    recheck: bool = False
    """Its next call shows whether the execve that we announced was the one that happened."""


class Census:
    """Processes seen so far."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._keys: OrderedDict[int, str] = OrderedDict()
        # Never climb out of the box: not into the supervisor, not into the host's init.
        self._outside = {0, 1, os.getppid()}

    def add_init(self, pid: int) -> None:
        """Tell the process whose children are the first ones of the box."""
        self._outside.add(pid)

    def notice(self, stat: proc.Stat, role: str) -> None:
        """A process made some call: write it, and unseen ancestors, down if that is news."""
        known = self._known.get(stat.key)
        if known is None:
            self._notice_family(stat, role)
        elif known.recheck:
            known.recheck = False
            executable = proc.executable(stat.pid)
            if executable and executable != known.executable:
                known.executable = executable
                self._write_noticed(stat, known)

    def executes(self, stat: proc.Stat, role: str, program: Program, argv: tuple[str, ...]) -> None:
        """A process is about to become another program."""
        known = self._known.get(stat.key)
        if known is None:
            parent = self._parent(stat, role)
            known = self._remember(stat, _Known(parent, role, program.path))
        known.executable = program.path
        known.recheck = not program.script
        self._write(stat, known, argv, "exec")

    def may_execute(self, stat: proc.Stat) -> None:
        """A process called execve on something that is no program, as far as we could see."""
        known = self._known.get(stat.key)
        if known is not None:
            known.recheck = True

    def exits(self, stat: proc.Stat, role: str, status: int) -> None:
        """A process ends itself."""
        self.notice(stat, role)
        self._outbox.put(ProcessExited(key=stat.key, status=status & 0xFF))

    def _notice_family(self, stat: proc.Stat, role: str) -> None:
        family = [stat]
        while len(family) < _MAX_CLIMB and (above := self._unseen_parent(family[-1])):
            family.append(above)
        for each in reversed(family):
            known = _Known(self._parent(each, role), role, proc.executable(each.pid))
            self._write_noticed(each, self._remember(each, known))

    def _unseen_parent(self, stat: proc.Stat) -> proc.Stat | None:
        if stat.parent in self._outside:
            return None
        try:
            above = proc.stat(stat.parent)
        except OSError:
            return None
        return None if above.key in self._known else above

    def _parent(self, stat: proc.Stat, role: str) -> str:
        if stat.parent in self._outside:
            return self._lost_parent(stat, role)
        try:
            return proc.stat(stat.parent).key
        except OSError:  # it died just now
            return self._keys.get(stat.parent, "")

    def _lost_parent(self, stat: proc.Stat, role: str) -> str:
        """The nearest ancestor still known of a process that init adopted, empty when it is init's own.

        A session is only inherited by fork(2), so its leader is an ancestor; a process group's leader
        nearly always is. The kernel does not reuse the number of either while a member lives.
        """
        for pid in (stat.session, stat.group):
            key = self._keys.get(pid, "")
            if key and pid != stat.pid and self._known[key].role == role:
                return key
        return ""

    def _remember(self, stat: proc.Stat, known: _Known) -> _Known:
        self._known[stat.key] = known
        self._keys[stat.pid] = stat.key
        self._keys.move_to_end(stat.pid)
        if len(self._known) > _REMEMBERED:
            old, _ = self._known.popitem(last=False)
            pid = int(old.partition(".")[0])
            if self._keys.get(pid) == old:
                del self._keys[pid]
        return known

    def _write_noticed(self, stat: proc.Stat, known: _Known) -> None:
        self._write(stat, known, proc.arguments(stat.pid), "noticed")

    def _write(self, stat: proc.Stat, known: _Known, argv: tuple[str, ...], event: str) -> None:
        self._outbox.put(
            ProcessSeen(
                key=stat.key, pid=stat.pid, parent=known.parent, session=stat.session,
                executable=known.executable, argv=argv, cwd=proc.directory(stat.pid), event=event,
                role=known.role,
            )
        )  # fmt: skip
