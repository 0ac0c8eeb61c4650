"""What each frame that left the box belonged to, and what is left over when all has been laid to something.

Not a search: `packets` hands out what is to be searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final

from auditor.classify.ledger import role_by_phase
from auditor.classify.wire import talks
from auditor.classify.wire.known import key
from auditor.classify.wire.known import text
from auditor.model.flow import Visibility
from auditor.model.frames import FrameCount
from auditor.model.frames import FrameKind
from auditor.model.frames import FrameLedger
from auditor.model.frames import FrameRow
from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowClosed
from auditor.model.observation import FlowOpened
from auditor.model.observation import TlsHello

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from auditor.classify.contacts import Contact
    from auditor.classify.contacts import Question
    from auditor.classify.ledger import Ledger
    from auditor.classify.wire.known import Key
    from auditor.classify.wire.packets import Capture
    from auditor.classify.wire.talks import Talk

APP: Final = "app"
MOST_EXAMPLES: Final = 5
CLOSING: Final = 64
"""Bytes with which a TLS client takes leave when we have closed already: an alert, perhaps a GOAWAY."""

_OF_VISIBILITY: Final = {
    Visibility.OPAQUE: FrameKind.OPAQUE,
    Visibility.DECRYPTED: FrameKind.READ,
    Visibility.METADATA_ONLY: FrameKind.METADATA_ONLY,
}
_GRAVEST: Final = (FrameKind.OPAQUE, FrameKind.READ, FrameKind.METADATA_ONLY, FrameKind.LOOKUP)
"""What counts where two flows had the same two ends, one after the other."""
_NAMED: Final = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "icmpv6": "ICMPv6", "udplite": "UDP-Lite"}


@dataclass(slots=True)
class Account:
    """What the journal has of one conversation."""

    role: str
    kind: FrameKind
    items: set[str] = field(default_factory=set)
    """Ids of its flows and look-ups."""
    recorded: int = 0
    """Payload bytes that the proxy took."""
    flows: int = 0
    open: int = 0
    """Flows whose end was not recorded."""
    questions: int = 0
    """Look-ups that came as datagrams."""
    sealed: int = 0
    """Flows that began with a TLS handshake."""


@dataclass(slots=True)
class Books:
    """Every conversation of the journal, set against what was on the wire."""

    capture: Capture
    accounts: dict[Key, Account]
    claims: Mapping[tuple[Key, str], str]
    """Contacts that the capture alone has seen, by conversation and role."""


def open_books(
    capture: Capture,
    ledger: Ledger,
    contacts: Iterable[Contact],
    questions: Iterable[Question],
    claims: Mapping[tuple[Key, str], str],
) -> Books:
    """Sort flows and look-ups by the two ends that packets name."""
    accounts: dict[Key, Account] = {}
    asked: dict[str, str] = {}
    for (_, query), question in zip(ledger.all(DnsQuery), questions, strict=True):
        if query.flow:
            asked[query.flow] = question.role
            continue
        ends = key("udp", query.client_ip, query.client_port, query.server_ip, query.server_port)
        account = _account(accounts, ends, question.role, FrameKind.LOOKUP, question.lookup.id)
        account.questions += 1
    known = {one.flow.id: one for one in contacts}
    for entry, opened in ledger.all(FlowOpened):
        ends = key(opened.transport, opened.client_ip, opened.client_port, opened.ip, opened.port)
        contact = known.get(opened.flow)
        role = contact.role if contact else asked.get(opened.flow, role_by_phase(entry.phase))
        kind = _OF_VISIBILITY[contact.flow.visibility] if contact else FrameKind.LOOKUP
        account = _account(accounts, ends, role, kind, opened.flow)
        account.flows += 1
        account.sealed += bool(ledger.of_flow(opened.flow, TlsHello))
        closed = [what for _, what in ledger.of_flow(opened.flow, FlowClosed)]
        account.open += not closed
        account.recorded += sum(what.bytes_out for what in closed)
    return Books(capture=capture, accounts=accounts, claims=claims)


def _account(accounts: dict[Key, Account], ends: Key, role: str, kind: FrameKind, item: str) -> Account:
    account = accounts.setdefault(ends, Account(role=role, kind=kind))
    account.items.add(item)
    account.kind = min(account.kind, kind, key=_GRAVEST.index)
    account.role = APP if APP in (account.role, role) else account.role
    return account


def frame_ledger(books: Books) -> FrameLedger:
    """Every frame in one row; the rows add up to what left the box."""
    sums = {kind: _Sum() for kind in FrameKind}
    strange: list[tuple[Key, Talk]] = []
    found = books.capture.talks
    for ends, account in books.accounts.items():
        _settle(sums, ends, account, found.known[ends])
    sums[FrameKind.HOUSEKEEPING].add(found.routine)
    contacts: dict[FrameKind, set[str]] = {}
    for (ends, role), talk in found.strange.items():
        claimed = books.claims.get((ends, role), "")
        kind = _of_stray(talk, role) if claimed else FrameKind.UNACCOUNTED
        sums[kind].add(talk)
        contacts.setdefault(kind, set()).add(claimed or str(ends))
        if not claimed:
            strange.append((ends, talk))
    for kind, items in contacts.items():
        sums[kind].items += 0 if kind is FrameKind.OWN else len(items)
    rows = tuple(one.row(kind) for kind, one in sums.items())
    return FrameLedger(
        left=FrameCount(frames=sum(row.frames for row in rows), bytes=sum(row.bytes for row in rows)),
        arrived=FrameCount(frames=found.arrived.frames, bytes=found.arrived.bytes),
        inside=FrameCount(frames=found.inside.frames, bytes=found.inside.bytes),
        rows=rows,
        unaccounted=sums[FrameKind.UNACCOUNTED].frames,
        examples=tuple(_examples(strange, found.complaint)),
        unrecorded_bytes=sum(unrecorded(books).values()),
        reread=len(unread(books)),
    )


def _of_stray(talk: Talk, role: str) -> FrameKind:
    if role != APP:
        return FrameKind.OWN
    return FrameKind.PACKET if talk.carrying else FrameKind.METADATA_ONLY


@dataclass(slots=True)
class _Sum:
    frames: int = 0
    bytes: int = 0
    payload: int = 0
    items: int = 0

    def add(self, talk: Talk) -> None:
        self.frames += talk.frames
        self.bytes += talk.bytes
        self.payload += talk.payload

    def row(self, kind: FrameKind) -> FrameRow:
        return FrameRow(
            kind=kind, frames=self.frames, bytes=self.bytes, payload_bytes=self.payload, items=self.items
        )


def _settle(sums: Mapping[FrameKind, _Sum], ends: Key, account: Account, talk: Talk) -> None:
    """Of TCP only what carries something belongs to the content; the rest keeps the connection going."""
    if account.role != APP:
        sums[FrameKind.OWN].add(talk)
        return
    content, bare = sums[account.kind], sums[FrameKind.HOUSEKEEPING]
    content.items += len(account.items)
    if ends[0] != "tcp":
        content.add(talk)
        return
    content.frames += talk.carrying
    content.bytes += talk.carrying_bytes
    content.payload += talk.payload
    bare.frames += talk.frames - talk.carrying
    bare.bytes += talk.bytes - talk.carrying_bytes


def unrecorded(books: Books) -> dict[Key, int]:
    """Bytes that the app sent on TCP connections and the proxy never took, by connection."""
    return {
        ends: excess
        for ends, account, talk in _of_the_app(books)
        if ends[0] == "tcp"
        and not account.open
        and (excess := talk.sent - account.recorded) > CLOSING * account.sealed
    }


def unread(books: Books) -> dict[Key, str]:
    """Conversations that the proxy did not follow to their end, with their roles."""
    return {ends: account.role for ends, account, talk in _of_the_app(books) if _missed(ends, account, talk)}


def searched_again(books: Books) -> dict[Key, str]:
    """Conversations to search in the capture too, as far as it holds them, with their roles."""
    return unread(books) | dict.fromkeys(unrecorded(books), APP)


def _missed(ends: Key, account: Account, talk: Talk) -> bool:
    if account.open:
        return talk.carrying > 0
    if ends[0] == "tcp":
        return False
    if not account.flows:
        return talk.frames - talk.later > account.questions
    return talk.payload > account.recorded


def _of_the_app(books: Books) -> Iterator[tuple[Key, Account, Talk]]:
    known = books.capture.talks.known
    return ((ends, one, known[ends]) for ends, one in books.accounts.items() if one.role == APP)


def _examples(strange: list[tuple[Key, Talk]], complaint: str) -> Iterator[str]:
    first = sorted(strange, key=lambda pair: pair[1].first_frame)
    for ends, talk in first[:MOST_EXAMPLES]:
        size = f"{talk.frames:,} frame{'s' * (talk.frames != 1)}, {talk.bytes:,} bytes"
        yield f"{_words(ends, complaint)} ({size})"


def _words(ends: Key, complaint: str) -> str:
    if ends == talks.UNREADABLE:
        return f"what could not be taken apart: {complaint}"
    if ends == talks.OVERFLOW:
        return "further conversations, too many to be told apart"
    transport, _, near_port, far, far_port = ends
    name = _NAMED.get(transport) or (f"IP protocol {transport}" if transport.isdigit() else transport)
    if not far:
        return f"{name}, which is no IP"
    return f"{name} to {text(far)}" + (f" port {far_port} from port {near_port}" if far_port else "")
