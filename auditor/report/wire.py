"""What left the box, as rows: the account of its wire, and the contacts that could not be read.

Not a judgement: what a frame belonged to was settled by `auditor.classify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from auditor.model.flow import Visibility
from auditor.model.frames import FrameKind
from auditor.report.contacts import host_of
from auditor.report.headline import process_name
from auditor.report.text import plural

if TYPE_CHECKING:
    from auditor.report.document import Flow
    from auditor.report.document import Result

WORDS: Final = {
    FrameKind.READ: ("Contacts whose content was read", "contact"),
    FrameKind.PACKET: ("Contacts read from the packet capture alone: multicast, ICMP, the odd", "contact"),
    FrameKind.METADATA_ONLY: ("Contacts that passed no content", "contact"),
    FrameKind.OPAQUE: ("Contacts that could not be read", "contact"),
    FrameKind.LOOKUP: ("Name look-ups", "look-up"),
    FrameKind.HOUSEKEEPING: ("Without content: handshakes, acknowledgements, neighbours", ""),
    FrameKind.OWN: ("Our own test signals and reference", ""),
    FrameKind.UNACCOUNTED: ("Belonging to nothing that was recorded", "conversation"),
}
"""Each kind of frame in plain words, with what one item of it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All frames of one kind."""

    what: str
    items: str
    frames: int
    bytes: int
    bad: bool
    """There should be none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Contacts of one process with one host, all unreadable for the same reason."""

    host: str
    process: str
    hello: tuple[str, ...]
    """What the handshake told: name, protocols, fingerprint, alert; each with its label."""
    reason: str
    connections: int
    bytes_out: int
    trust_store: str


def rows(result: Result) -> tuple[Row, ...]:
    """Kinds that occurred, and always the last: what belongs to nothing."""
    ledger = result.coverage.ledger
    counts = {row.kind: row for row in ledger.rows} if ledger else {}
    return tuple(
        Row(
            what=what,
            items=plural(counts[kind].items, noun) if noun and counts[kind].items else "",
            frames=counts[kind].frames,
            bytes=counts[kind].bytes,
            bad=kind is FrameKind.UNACCOUNTED and counts[kind].frames > 0,
        )
        for kind, (what, noun) in WORDS.items()
        if kind in counts and (counts[kind].frames or counts[kind].items or kind is FrameKind.UNACCOUNTED)
    )


def unread(result: Result) -> tuple[Unread, ...]:
    """Every contact that could not be read, those who were sent most first."""
    grouped: dict[tuple[str, str, tuple[str, ...], str], list[Flow]] = {}
    for flow in result.flows:
        if flow.visibility is Visibility.OPAQUE:
            same = (host_of(flow), process_name(flow.process), _hello(flow), flow.note)
            grouped.setdefault(same, []).append(flow)
    found = [
        Unread(
            host=host, process=process, hello=hello, reason=reason, connections=len(flows),
            bytes_out=sum(flow.bytes_out for flow in flows), trust_store=flows[0].trust_store,
        )
        for (host, process, hello, reason), flows in grouped.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: -one.bytes_out))


def _hello(flow: Flow) -> tuple[str, ...]:
    parts = {
        "SNI": flow.sni, "ALPN": ", ".join(flow.alpn), "JA4": flow.ja4, "alert": flow.alert,
    }  # fmt: skip
    return tuple(f"{label} {value}" for label, value in parts.items() if value)
