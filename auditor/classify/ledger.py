"""The journal of one run, read once and sorted for those who derive things from it.

Not a derivation: nothing here says what an observation means, except whose launch it belongs to.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import TypeVar
from typing import cast

from auditor.model.observation import Entry
from auditor.model.observation import HttpBody
from auditor.model.observation import HttpRequest
from auditor.model.observation import HttpResponse
from auditor.model.observation import Observation
from auditor.model.observation import WebSocketMessage
from auditor.model.run import PhaseName

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

_OURS = (PhaseName.CONTROL.value, PhaseName.REFERENCE.value)
_OF_EXCHANGE = (HttpRequest, HttpBody, HttpResponse, WebSocketMessage)


@dataclass(slots=True)
class Ledger:
    """Entries by kind, by flow and by exchange, each in order of time."""

    entries: list[Entry]
    _kinds: dict[type[Observation], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _flows: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _exchanges: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def all(self, kind: type[T]) -> list[tuple[Entry, T]]:
        """Entries of one kind with their observations."""
        return _typed(self._kinds.get(cast("type[Observation]", kind), ()), kind)

    def of_flow(self, flow: str, kind: type[T]) -> list[tuple[Entry, T]]:
        """Entries of one kind that name a flow."""
        return _typed(self._flows.get(flow, ()), kind)

    def of_exchange(self, exchange: str, kind: type[T]) -> list[tuple[Entry, T]]:
        """Entries of one kind that name an HTTP exchange."""
        return _typed(self._exchanges.get(exchange, ()), kind)

    def first(self, kind: type[T]) -> T | None:
        """The first observation of a kind."""
        return next((what for _, what in self.all(kind)), None)


def read(entries: Iterable[Entry]) -> Ledger:
    """Sort the entries of a journal; observers that report late come into their place in time."""
    ledger = Ledger(entries=sorted(entries, key=lambda entry: (entry.mono, entry.seq)))
    for entry in ledger.entries:
        what = entry.what
        ledger._kinds[type(what)].append(entry)  # noqa: SLF001 - this function builds the ledger
        if isinstance(what, _OF_EXCHANGE):
            ledger._exchanges[what.exchange].append(entry)  # noqa: SLF001 - as above
        flow: str = getattr(what, "flow", "")
        if flow:
            ledger._flows[flow].append(entry)  # noqa: SLF001 - as above
    return ledger


def _typed(entries: Iterable[Entry], kind: type[T]) -> list[tuple[Entry, T]]:
    return [(entry, entry.what) for entry in entries if isinstance(entry.what, kind)]


def role_by_phase(phase: str) -> str:
    """Whose launch something belongs to when its process is unknown: ours run in phases of their own."""
    return phase if phase in _OURS else "app"
