"""What left in one paired run after its prompt: who was asked for, contacted, and sent how much, when.

Not the comparison of runs, and no contents: lengths, numbers, names and times, of what could be read and
of what could not alike.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify import hosts
from auditor.classify import ledger as ledgers
from auditor.evidence import journal
from auditor.model.flow import Visibility
from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowOpened
from auditor.model.observation import PhaseBegan
from auditor.model.observation import PromptSent
from auditor.model.observation import RunEnded
from auditor.model.run import APP_PHASES
from auditor.model.run import PhaseName
from auditor.parse import packet
from auditor.parse import pcapng

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.ledger import Ledger
    from auditor.evidence.store import RunDirectory
    from auditor.model.case import Case
    from auditor.model.flow import Flow

APP = "app"
LOOPBACK = "lo"
PAUSE_S = 0.2
"""Without a byte for so long, what follows in a flow is another message."""
_STILL_RUNNING = "still running"
_ECHO_V6 = 128
"""ICMPv6 echo request (RFC 4443, 4.1): what a program sends; most other types the kernel sends itself."""
_KERNELS = frozenset({"arp", "igmp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Bytes that went to one destination without an answer or a pause in between."""

    at: float
    """Seconds after the prompt, of its first packet."""
    destination: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What left in one run, after the prompt was typed or would have been."""

    watched: float
    """Seconds after the prompt in which anything was seen; infinite when the app ended by itself."""
    messages: tuple[Message, ...]
    connections: tuple[tuple[float, str], ...]
    """When, and with whom."""
    names: tuple[tuple[float, str], ...]
    """When which name was asked for."""
    unread: int
    """Bytes sent in flows that could not be read."""


def destination_of(flow: Flow) -> str:
    """What runs have in common, whatever address or first label a host has this time."""
    to = flow.destination
    where = hosts.site(to.domain or flow.sni, to.ip)
    return f"{where} port {to.port}/{flow.transport}" if to.port else f"{where} {flow.transport}"


def trace(directory: RunDirectory, case: Case) -> Trace:
    """Derive it from a run directory and what it was classified as.

    Raises:
        ValueError: the journal or the packet capture is broken, or the app was never at the point at which
            a prompt is typed.
        OSError: they cannot be read.
    """
    ledger = ledgers.read(journal.read(directory.events))
    anchor = _anchor(ledger)
    ends = {what.name: entry.mono - anchor.mono for entry, what in ledger.all(PhaseBegan)}
    ended = ledger.first(RunEnded)
    stopped = ended is None or ended.app_status.startswith(_STILL_RUNNING)
    return Trace(
        watched=ends.get(PhaseName.STOP, math.inf) if stopped else math.inf,
        messages=tuple(_messages(directory, case, ledger, anchor)),
        connections=tuple(
            (flow.start_s - anchor.mono, destination_of(flow))
            for flow in case.flows
            if flow.start_s >= anchor.mono
        ),
        names=tuple(
            (one.start_s - anchor.mono, hosts.canonical(one.name))
            for one in case.lookups
            if one.start_s >= anchor.mono
        ),
        unread=sum(flow.bytes_out for flow in case.flows if flow.visibility is Visibility.OPAQUE),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """When the prompt was typed, on both clocks."""

    mono: float
    epoch: float


def _anchor(ledger: Ledger) -> _Moment:
    typed = [entry for entry, what in ledger.all(PromptSent) if what.role == APP]
    begun = [entry for entry, what in ledger.all(PhaseBegan) if what.name == PhaseName.PROMPT]
    for entry in [*typed, *begun]:
        return _Moment(entry.mono, entry.t)
    raise ValueError("no prompt was typed, and there was no moment for one")


def _messages(directory: RunDirectory, case: Case, ledger: Ledger, anchor: _Moment) -> Iterator[Message]:
    """From the packets, whose lengths are true also where nothing could be decrypted."""
    if not directory.packets.exists():
        raise ValueError("there is no packet capture")
    sorter = _Sorter(case, ledger, anchor)
    with directory.packets.open("rb") as stream:
        for captured in pcapng.read(stream):
            if captured.interface != LOOPBACK:
                sorter.see(captured)
    yield from sorter.finish()


@dataclass(slots=True)
class _Open:
    """A message that may go on."""

    destination: str
    at: float
    last: float
    bytes: int = 0


class _Sorter:
    """Joins the packets of each conversation to messages."""

    def __init__(self, case: Case, ledger: Ledger, anchor: _Moment) -> None:
        flows = {flow.id: destination_of(flow) for flow in case.flows}
        opened = [what for _, what in ledger.all(FlowOpened)]
        asked = [what for _, what in ledger.all(DnsQuery)]
        self._anchor = anchor
        self._flows = {
            (what.transport, what.client_ip, what.client_port, what.ip, what.port): flows.get(what.flow, "")
            for what in opened
        }
        for query in asked:  # counted by name
            far = (query.server_ip, query.server_port)
            self._flows.setdefault((query.transport, query.client_ip, query.client_port, *far), "")
        near = {what.client_ip for what in opened} | {what.client_ip for what in asked}
        self._own = {ipaddress.ip_address(address).packed for address in near}
        ours = [
            entry.t
            for entry, what in ledger.all(PhaseBegan)
            if what.name not in APP_PHASES and entry.t > anchor.epoch
        ]
        self._end = min(ours, default=math.inf)
        self._running: dict[tuple[str, str, int, str, int], _Open] = {}
        self._done: list[Message] = []

    def see(self, captured: pcapng.CapturedPacket) -> None:
        """One packet; those before the prompt, of our own programs and of the kernel are left out."""
        at = captured.time_ns / 1e9
        if not self._anchor.epoch <= at < self._end:
            return
        try:
            one = packet.dissect(captured.data, captured.original)
        except ValueError:
            return
        way = packet.direction(one, self._own)
        if not one.payload_bytes or one.transport in _KERNELS:
            return
        if way is packet.Direction.OUT:
            self._sent(one, at - self._anchor.epoch)
        elif way is packet.Direction.IN:
            key = (one.transport, one.destination_ip, one.destination_port, one.source_ip, one.source_port)
            self._close(key)

    def _sent(self, one: packet.Packet, at: float) -> None:
        key = one.five_tuple
        if one.transport == "icmpv6" and one.flags != _ECHO_V6:
            return
        far = f"{one.destination_ip} port {one.destination_port}/{one.transport}"
        destination = self._flows.get(key, far if one.destination_port else f"{key[3]} {one.transport}")
        if not destination:
            return
        running = self._running.get(key)
        if running is not None and at - running.last > PAUSE_S:
            self._close(key)
            running = None
        if running is None:
            running = self._running[key] = _Open(destination, at, at)
        running.last = at
        running.bytes += one.payload_bytes

    def _close(self, key: tuple[str, str, int, str, int]) -> None:
        running = self._running.pop(key, None)
        if running is not None:
            self._done.append(Message(at=running.at, destination=running.destination, bytes=running.bytes))

    def finish(self) -> list[Message]:
        """All messages, in order of time."""
        for key in list(self._running):
            self._close(key)
        return sorted(self._done, key=lambda message: message.at)
