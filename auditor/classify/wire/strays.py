"""Contacts that the proxy never saw and the packet capture did: multicast, ICMP, neighbours that were sought.

Not system calls without a packet: those are `attempts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Final

from auditor.classify.contacts import Contact
from auditor.classify.hosts import scope
from auditor.classify.wire import talks
from auditor.classify.wire.known import text
from auditor.classify.wire.packets import FILE
from auditor.classify.wire.packets import endpoint
from auditor.classify.wire.packets import far_side
from auditor.classify.wire.routine import SEEKING
from auditor.model.flow import Destination
from auditor.model.flow import Flow
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.observation import SocketCall
from auditor.model.process import NOBODY

if TYPE_CHECKING:
    from auditor.classify.hosts import Names
    from auditor.classify.ledger import Ledger
    from auditor.classify.processes import ProcessTable
    from auditor.classify.wire.known import Key
    from auditor.classify.wire.known import Wire
    from auditor.classify.wire.packets import Capture
    from auditor.classify.wire.packets import Endpoint
    from auditor.classify.wire.talks import Talk
    from auditor.model.process import Owner

_SEEKING: Final = ("arp", SEEKING)
_MEMBERSHIP: Final = ("224.0.0.22", "ff02::16")
"""Where a kernel reports the groups that it joins (RFC 9776, RFC 9777)."""


@dataclass(slots=True)
class Strays:
    """Which strange conversation belongs to which contact."""

    contacts: list[Contact]
    """All contacts of the run: those that were known, with what the capture adds, and new ones."""
    claims: dict[tuple[Key, str], str] = field(default_factory=dict)
    """Id of the contact, by conversation and role."""


def find(
    capture: Capture, known: list[Contact], ledger: Ledger, processes: ProcessTable, names: Names
) -> Strays:
    """Lay strange conversations to attempts of the same process table, and make contacts of the rest."""
    attempted = _Attempted(known)
    callers = _Callers(ledger, processes)
    claims: dict[tuple[Key, str], str] = {}
    made: dict[tuple[Endpoint, str], list[tuple[Key, Talk]]] = {}
    sent: dict[str, int] = {}
    for (key, role), talk in capture.talks.strange.items():
        if not _names_somebody(key):
            continue
        claimed = attempted.of(key, role)
        if claimed and (key[0] != "tcp" or not talk.carrying):
            claims[key, role] = claimed
            sent[claimed] = sent.get(claimed, 0) + talk.payload
        elif key[0] != "tcp":
            made.setdefault((endpoint(key), role), []).append((key, talk))
    contacts = [_with_payload(one, sent.get(one.flow.id, 0)) for one in known]
    for number, ((far, role), parts) in enumerate(made.items(), 1):
        owner = callers.of(far, parts[0][0][2], role, capture.wire.mono(parts[0][1].first_ns))
        flow = _flow(f"p{number}", far, [talk for _, talk in parts], owner, capture.wire, names)
        contacts.append(Contact(flow=flow, role=role))
        claims |= {(key, role): flow.id for key, _ in parts}
    return Strays(contacts=contacts, claims=claims)


def _names_somebody(key: Key) -> bool:
    return bool(key[3]) and key not in (talks.OVERFLOW, talks.UNREADABLE)


def _with_payload(contact: Contact, size: int) -> Contact:
    """An attempt of which the capture holds what was sent."""
    if not size:
        return contact
    flow = contact.flow
    group = scope(flow.destination.ip) == "multicast"
    note = flow.note if group else "sent without a connection; read from the packet capture"
    return replace(contact, flow=replace(flow, bytes_out=size, visibility=Visibility.DECRYPTED, note=note))


class _Attempted:
    """Attempts, by where they went."""

    def __init__(self, known: list[Contact]) -> None:
        self._exact: dict[tuple[Endpoint, str], str] = {}
        self._near: dict[tuple[str, str], str] = {}
        for one in known:
            flow, role = one.flow, one.role
            self._near.setdefault((flow.destination.ip, role), flow.id)
            if flow.id.startswith("a"):
                self._exact.setdefault((far_side(flow), role), flow.id)

    def of(self, key: Key, role: str) -> str:
        """Id of the attempt that a conversation comes from, empty when there is none."""
        if key[0] in _SEEKING:
            return self._near.get((text(key[3]), role), "")
        return self._exact.get((endpoint(key), role), "")


class _Callers:
    """Processes that connected a datagram socket, or bound one: sends on those are not watched."""

    def __init__(self, ledger: Ledger, processes: ProcessTable) -> None:
        self._processes = processes
        self._far: dict[tuple[str, int, str], list[tuple[float, str]]] = {}
        self._near: dict[tuple[int, str], list[tuple[float, str]]] = {}
        for entry, call in ledger.all(SocketCall):
            at = (entry.mono, call.process)
            if call.call == "bind" and call.port:
                self._near.setdefault((call.port, call.role), []).append(at)
            elif call.call in ("connect", "sendto"):
                self._far.setdefault((call.address, call.port, call.role), []).append(at)
                self._far.setdefault((call.address, 0, call.role), []).append(at)

    def of(self, far: Endpoint, near_port: int, role: str, mono: float) -> Owner:
        """The last process that connected there before, else the one that had bound the near port."""
        _, address, port = far
        for calls, method in (
            (self._far.get((address, port, role), []), "recent-connect"),
            (self._near.get((near_port, role), []), "bind"),
        ):
            before = [process for at, process in calls if at <= mono] or [process for _, process in calls]
            if before:
                return self._processes.owner(before[-1], mono, method)
        return NOBODY


def _flow(name: str, far: Endpoint, parts: list[Talk], owner: Owner, wire: Wire, names: Names) -> Flow:
    transport, address, port = far
    first = min(parts, key=lambda talk: talk.first_ns)
    start = wire.mono(first.first_ns)
    return Flow(
        id=name,
        phase=wire.phase(first.first_ns),
        start_s=start,
        end_s=wire.mono(max(talk.last_ns for talk in parts)),
        process=owner,
        destination=Destination(domain=names.of(address, start), ip=address, port=port),
        transport=transport,
        protocol="raw",
        visibility=_visibility(transport, parts),
        sni="",
        ja4="",
        bytes_out=0 if transport in _SEEKING else sum(talk.payload for talk in parts),
        bytes_in=0,
        purpose=Purpose.UNKNOWN,
        entity="",
        declared=False,
        canaries=(),
        requests=(),
        note=_note(transport, address, parts),
        evidence=tuple(f"{FILE}:{talk.first_frame}" for talk in parts),
    )


def _visibility(transport: str, parts: list[Talk]) -> Visibility:
    if transport in _SEEKING or not any(talk.payload for talk in parts):
        return Visibility.METADATA_ONLY
    return Visibility.DECRYPTED if all(talk.whole for talk in parts) else Visibility.OPAQUE


def _note(transport: str, address: str, parts: list[Talk]) -> str:
    if transport in _SEEKING:
        return "its hardware address was asked for on the local network"
    if address in _MEMBERSHIP:
        return "told the local network which multicast groups it listens to"
    seen = "seen in the packet capture alone"
    if not all(talk.whole for talk in parts):
        return f"{seen}, which holds only the beginning of each packet"
    return f"{seen}, sent to a multicast group" if scope(address) == "multicast" else seen
