"""Who changed a file: the process whose call touched its name last, followed back through renames.

Not what changed: that the overlays tell. Writing itself is not seen, only the opening for it: of several
processes that hold a file open, and of one that handed its descriptor to another, the last opener is named.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import NamedTuple

from auditor.model.observation import FileTouched
from auditor.model.observation import SocketCall
from auditor.model.process import NOBODY
from auditor.model.process import Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.ledger import Ledger
    from auditor.classify.processes import ProcessTable
    from auditor.model.observation import Entry
    from auditor.model.observation import FileChanged

MAX_MOVES = 64
"""Renames that one file is followed back through."""


class _Touch(NamedTuple):
    at: float
    ref: str
    """Of its line in the journal."""
    what: FileTouched


_Touches = dict[tuple[str, str], list[_Touch]]
"""In order of time, by role and path: what our own programs touch is told apart."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who is behind a change, with the line of the journal that tells."""

    owner: Owner
    ref: str


UNKNOWN = Writer(NOBODY, "")


class Writers:
    """All touches of files, by the names that they made, moved and removed."""

    def __init__(self, ledger: Ledger, processes: ProcessTable) -> None:
        """Sort them."""
        self._processes = processes
        self._made: _Touches = {}
        self._moved: _Touches = {}
        self._gone: _Touches = {}
        touches = [*ledger.all(FileTouched), *_sockets(ledger)]
        for entry, what in sorted(touches, key=lambda pair: pair[0].mono):
            self._add(_Touch(entry.mono, entry.ref, what))

    def _add(self, touch: _Touch) -> None:
        what = touch.what
        new, old = (what.role, what.path), (what.role, what.source)
        indexes = {
            "unlink": ((self._gone, new),),
            "rename": ((self._made, new), (self._moved, new), (self._gone, old)),
            "exchange": tuple((index, key) for index in (self._made, self._moved) for key in (new, old)),
        }
        for index, key in indexes.get(what.call, ((self._made, new),)):
            index.setdefault(key, []).append(touch)

    def of(self, entry: Entry, what: FileChanged) -> Writer:
        """Who is behind a change; `UNKNOWN` when no call was seen."""
        find = self._remover if what.change == "deleted" else self._maker
        return find(what.role, what.path, entry.mono)

    def _remover(self, role: str, path: str, before: float) -> Writer:
        for name in _upwards(path):
            touch = _last(self._gone.get((role, name)), before)
            if touch:
                return self._writer(touch, "open")
        return UNKNOWN

    def _maker(self, role: str, path: str, before: float) -> Writer:
        found, method = UNKNOWN, "open"
        for _ in range(MAX_MOVES):
            touch, name = self._last_made(role, path, before)
            if touch is None:
                break  # what was moved here was there before anybody looked: it is the mover's
            before, what = touch.at, touch.what
            method = "rename" if what.source else method
            found = self._writer(touch, method)
            if not what.source:
                break
            path = (what.source if name == what.path else what.path) + path[len(name) :]
        return found

    def _last_made(self, role: str, path: str, before: float) -> tuple[_Touch | None, str]:
        """The last call that made this name, or that moved it or a directory above it here, and that name."""
        found = [(_last(self._made.get((role, path)), before), path)]
        found += [(_last(self._moved.get((role, name)), before), name) for name in _upwards(path)]
        return max(found, key=lambda pair: pair[0].at if pair[0] else -1.0)

    def _writer(self, touch: _Touch, method: str) -> Writer:
        return Writer(self._processes.owner(touch.what.process, touch.at, method), touch.ref)


def _sockets(ledger: Ledger) -> Iterator[tuple[Entry, FileTouched]]:
    """Socket files: bind(2) makes them."""
    for entry, call in ledger.all(SocketCall):
        if (call.call, call.family) == ("bind", "unix"):
            yield entry, FileTouched(process=call.process, call="bind", path=call.address, role=call.role)


def _last(touches: list[_Touch] | None, before: float) -> _Touch | None:
    index = bisect_left(touches or [], before, key=lambda touch: touch.at)
    return touches[index - 1] if touches and index else None


def _upwards(path: str) -> Iterator[str]:
    """A path and the directories above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]
