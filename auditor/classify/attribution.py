"""Which process opened a flow, asked a question or listened, and how sure that is.

Not what processes are: that is `processes`.
"""

from __future__ import annotations

from bisect import bisect_left
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify.ledger import role_by_phase
from auditor.model.observation import ControlSent
from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowOpened
from auditor.model.observation import SocketCall
from auditor.model.process import NOBODY
from auditor.model.process import Owner

if TYPE_CHECKING:
    from auditor.classify.ledger import Ledger
    from auditor.classify.processes import ProcessTable
    from auditor.model.observation import Entry

RECENT_S = 1.0
"""How long before a flow a connect to the same address and port may lie to have caused it."""

LATE_S = 0.5
"""How much later than the flow the report of its connect may be stamped."""

Ends = tuple[str, int, str, int]
"""Address and port of the client, then of what it talks to."""

_SENDING = ("connect", "sendto")
_BINDING = ("bind", "listen")


@dataclass(frozen=True, slots=True)
class Attributed:
    """An observation's owner, with the launch it belongs to."""

    owner: Owner
    role: str
    """`app`, `control` or `reference`."""
    call: int = 0
    """`Entry.seq` of the system call that caused it, 0 when none is known."""


class Attribution:
    """Joins sockets to processes."""

    def __init__(self, ledger: Ledger, processes: ProcessTable) -> None:
        """Sort the system calls by socket and by address."""
        self._processes = processes
        self._by_cookie: dict[int, list[tuple[Entry, SocketCall]]] = {}
        self._by_address: dict[tuple[str, int], list[tuple[Entry, SocketCall]]] = {}
        self._binders: dict[tuple[str, int], tuple[Entry, SocketCall]] = {}
        ours = [
            (what.client_ip, what.client_port, what.server_ip, what.server_port)
            for _, what in ledger.all(ControlSent)
            if what.client_port
        ]
        self._control_flows, self._control_queries = set(ours), set(ours)
        flows, queries = ledger.all(FlowOpened), ledger.all(DnsQuery)
        self._claimed = ({what.cookie for _, what in flows} | {what.cookie for _, what in queries}) - {0}
        """Sockets that something was laid to without guessing."""
        self._guessed: dict[Ends, tuple[Entry, SocketCall]] = {}
        """By both ends: the same socket, as long as nothing else was seen at that port."""
        self._taken: set[int] = set()
        """`Entry.seq` of calls that were guessed once."""
        for entry, call in ledger.all(SocketCall):
            if call.call in _SENDING:
                self._by_address.setdefault((call.address, call.port), []).append((entry, call))
                if call.cookie:
                    self._by_cookie.setdefault(call.cookie, []).append((entry, call))
            elif call.call in _BINDING:
                self._binders[call.address, call.port] = (entry, call)

    def flow(self, entry: Entry, opened: FlowOpened) -> Attributed:
        """Who opened a flow."""
        ends = (opened.client_ip, opened.client_port, opened.ip, opened.port)
        who = self._whose(entry, opened.cookie, opened.owner, ends)
        return self._unless_ours(who, ends, self._control_flows)

    def query(self, entry: Entry, query: DnsQuery) -> Attributed:
        """Who asked a name server."""
        ends = (query.client_ip, query.client_port, query.server_ip, query.server_port)
        who = self._whose(entry, query.cookie, query.owner, ends)
        return self._unless_ours(who, ends, self._control_queries)

    def listener(self, entry: Entry, owner: str, address: str, port: int) -> Owner:
        """Who listens: by the socket's inode, else whoever bound that address."""
        if owner:
            return self._processes.owner(owner, entry.mono, "inode")
        bound = self._binders.get((address, port))
        return self._processes.owner(bound[1].process, entry.mono, "bind") if bound else NOBODY

    def _unless_ours(self, who: Attributed, ends: Ends, controls: set[Ends]) -> Attributed:
        """`who`, unless it is not certain and these are both ends of our own control's socket.

        Only the first that comes from there: the control was there before the app, which could open a socket
        with the same ends later.
        """
        if ends not in controls:
            return who
        controls.discard(ends)
        certain = who.owner.attribution in ("cookie", "inode")
        return who if certain or who.role == "control" else Attributed(NOBODY, "control")

    def _whose(self, entry: Entry, cookie: int, inode_owner: str, ends: Ends) -> Attributed:
        by_cookie = self._of_cookie(cookie, entry.mono, ends[2:])
        if by_cookie:
            return self._by_call(by_cookie, "cookie")
        if inode_owner:
            role = self._processes.role(inode_owner) or role_by_phase(entry.phase)
            return Attributed(self._processes.owner(inode_owner, entry.mono, "inode"), role)
        guess = self._guess(entry.mono, ends)
        if guess:
            return self._by_call(guess, "recent-connect")
        return Attributed(NOBODY, role_by_phase(entry.phase))

    def _guess(self, mono: float, ends: Ends) -> tuple[Entry, SocketCall] | None:
        """For a datagram whose socket was closed before it was looked for: no cookie is known.

        Datagrams come in the order in which they were sent. So it is the first recent call to this address
        that nothing else was laid to, if there is one, else the last.
        """
        known = self._guessed.get(ends)
        if known and mono - known[0].mono <= RECENT_S:
            return known
        calls = self._by_address.get(ends[2:], [])
        first = bisect_left(calls, mono - RECENT_S, key=_mono)
        recent = calls[first : bisect_right(calls, mono, key=_mono)]
        free = (
            pair for pair in recent if pair[1].cookie not in self._claimed and pair[0].seq not in self._taken
        )
        guess = next(free, recent[-1] if recent else None)
        if guess:
            self._guessed[ends] = guess
            self._taken.add(guess[0].seq)
        return guess

    def _of_cookie(
        self, cookie: int, mono: float, address: tuple[str, int]
    ) -> tuple[Entry, SocketCall] | None:
        """The call on this very socket: the last one to this address, as a datagram socket may have many."""
        calls = self._by_cookie.get(cookie, []) if cookie else []
        same = [pair for pair in calls if (pair[1].address, pair[1].port) == address]
        return _latest(same or calls, mono + LATE_S)

    def _by_call(self, pair: tuple[Entry, SocketCall], method: str) -> Attributed:
        entry, call = pair
        return Attributed(self._processes.owner(call.process, entry.mono, method), call.role, entry.seq)


def _latest(calls: list[tuple[Entry, SocketCall]], mono: float) -> tuple[Entry, SocketCall] | None:
    index = bisect_right(calls, mono, key=_mono)
    return calls[index - 1] if index else None


def _mono(pair: tuple[Entry, SocketCall]) -> float:
    return pair[0].mono
