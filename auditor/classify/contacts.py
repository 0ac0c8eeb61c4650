"""Everything the box was asked to reach: flows and look-ups, those of our control and reference with them.

Drafts: purpose, organisation and canaries are added by `case`. Not packets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify import hosts
from auditor.classify import visibility
from auditor.classify.attempts import Met
from auditor.classify.attempts import attempts
from auditor.classify.exchanges import Exchange
from auditor.classify.exchanges import exchanges
from auditor.model.flow import Destination
from auditor.model.flow import Flow
from auditor.model.flow import Lookup
from auditor.model.flow import Purpose
from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowClosed
from auditor.model.observation import FlowOpened
from auditor.model.observation import HttpRequest
from auditor.model.observation import RunOpened
from auditor.model.observation import StreamData
from auditor.model.observation import TlsEstablished
from auditor.model.observation import TlsFailed
from auditor.model.observation import TlsHello
from auditor.model.observation import TlsUnverified
from auditor.parse.http_body import header

if TYPE_CHECKING:
    from auditor.classify.attribution import Attribution
    from auditor.classify.ledger import Ledger
    from auditor.classify.processes import ProcessTable
    from auditor.model.observation import Entry

NAME_SERVICE = ("dns", "dot", "doq")
"""Protocols whose whole content is look-ups."""
_TLS_KINDS = (TlsHello, TlsEstablished, TlsFailed, TlsUnverified, StreamData, FlowClosed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A flow with what it was made from."""

    flow: Flow
    role: str
    exchanges: tuple[Exchange, ...] = ()
    streams: tuple[tuple[Entry, StreamData], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A look-up with the launch it belongs to."""

    lookup: Lookup
    role: str
    beside: str = ""
    """`DnsQuery.beside`."""


class Contacts:
    """Builds all of them from one ledger."""

    def __init__(self, ledger: Ledger, processes: ProcessTable, attribution: Attribution) -> None:
        """Derive in order: look-ups name addresses, flows use the names, attempts are what is left."""
        self._ledger = ledger
        self._attribution = attribution
        self._names = hosts.Names(ledger)
        opened = ledger.first(RunOpened)
        self._resolvers = opened.resolvers if opened else ()
        self._reached: set[int] = set()
        """`Entry.seq` of the calls that led to something."""
        self._last_flow = {opened.ip: entry.mono for entry, opened in ledger.all(FlowOpened)}
        self.questions = [self._question(i, *pair) for i, pair in enumerate(ledger.all(DnsQuery), 1)]
        self.contacts = [
            self._contact(entry, opened)
            for entry, opened in ledger.all(FlowOpened)
            if not self._is_name_service(opened)
        ]
        self.contacts += [
            Contact(flow=flow, role=role)
            for flow, role in attempts(ledger, processes, self._names, self._met())
        ]

    # Look-ups

    def _question(self, number: int, entry: Entry, query: DnsQuery) -> Question:
        who = self._attribution.query(entry, query)
        self._reached.add(who.call)
        lookup = Lookup(
            id=f"l{number}",
            phase=entry.phase,
            start_s=entry.mono,
            process=who.owner,
            name=query.name,
            type=query.type,
            answers=query.answers,
            entity="",
            declared=False,
            followed=any(self._last_flow.get(answer, -1.0) >= entry.mono for answer in query.answers),
            canaries=(),
            evidence=(entry.ref,),
            server=query.server_ip,
            server_name=self._names.of(query.server_ip, entry.mono),
            chosen=query.server_ip not in self._resolvers,
            transport=query.transport,
        )
        return Question(lookup=lookup, role=who.role, beside=query.beside)

    def _is_name_service(self, opened: FlowOpened) -> bool:
        """A conversation with the box's own name server is its look-ups, unless it carried anything else."""
        flow, ledger = opened.flow, self._ledger
        closed = ledger.of_flow(flow, FlowClosed)
        plain = closed[0][1].protocol in NAME_SERVICE if closed else bool(ledger.of_flow(flow, DnsQuery))
        other = bool(ledger.of_flow(flow, StreamData)) or bool(ledger.of_flow(flow, HttpRequest))
        return opened.ip in self._resolvers and plain and not other

    # Flows

    def _met(self) -> Met:
        owners = {
            (str(one.flow.process.key), one.flow.destination.ip, one.flow.destination.port)
            for one in self.contacts
        }
        return Met(calls=frozenset(self._reached), destinations=frozenset(owners))

    def _contact(self, entry: Entry, opened: FlowOpened) -> Contact:
        who = self._attribution.flow(entry, opened)
        self._reached.add(who.call)
        flow, ledger = opened.flow, self._ledger
        made = exchanges(ledger, flow)
        closed = next((what for _, what in ledger.of_flow(flow, FlowClosed)), None)
        hello = next((what for _, what in ledger.of_flow(flow, TlsHello)), None)
        streams = tuple(ledger.of_flow(flow, StreamData))
        protocol = closed.protocol if closed else _protocol(made, hello)
        bytes_out = closed.bytes_out if closed else _sum(made, streams, "out")
        seen = visibility.judge(
            ledger, flow, protocol=protocol, has_requests=bool(made), bytes_out=bytes_out, owner=who.owner
        )
        domain, disagreement = self._domain(entry, opened, hello, made)
        unverified = bool(ledger.of_flow(flow, TlsUnverified))
        draft = Flow(
            id=flow,
            phase=entry.phase,
            start_s=entry.mono,
            end_s=self._end(entry, flow, made),
            process=who.owner,
            destination=Destination(domain=domain, ip=opened.ip, port=opened.port),
            transport=opened.transport,
            protocol=protocol,
            visibility=seen.visibility,
            sni=hello.sni if hello else "",
            ja4=hello.ja4 if hello else "",
            bytes_out=bytes_out,
            bytes_in=closed.bytes_in if closed else _sum(made, streams, "in"),
            purpose=Purpose.UNKNOWN,
            entity="",
            declared=False,
            canaries=(),
            requests=tuple(one.summary() for one in made),
            note="; ".join(part for part in (seen.note, disagreement) if part),
            evidence=self._evidence(entry, flow),
            probed=unverified or any(what.probe for _, what in ledger.of_flow(flow, TlsFailed)),
            unverified=unverified,
            alpn=hello.alpn if hello else (),
            alert=seen.alert,
            trust_store=seen.trust_store,
        )
        return Contact(flow=draft, role=who.role, exchanges=made, streams=streams)

    def _domain(
        self, entry: Entry, opened: FlowOpened, hello: TlsHello | None, made: tuple[Exchange, ...]
    ) -> tuple[str, str]:
        """The name the app used, and a note when the three places that tell it disagree."""
        looked_up = self._names.of(opened.ip, entry.mono)
        told = {"looked up": looked_up, "asked for in TLS (SNI)": hosts.canonical(hello.sni) if hello else ""}
        for one in made:
            host = header(one.request.headers, "host") or header(one.request.headers, ":authority")
            told["named in HTTP (Host)"] = hosts.canonical(host) or hosts.host_of(one.request.url)
            if told["named in HTTP (Host)"] != looked_up:
                break
        named = {how: name for how, name in told.items() if name and not hosts.is_address(name)}
        domain = next(iter(named.values()), "")
        if len(set(named.values())) < 2:
            return domain, ""
        return domain, "names disagree: " + ", ".join(f"{name} was {how}" for how, name in named.items())

    def _end(self, entry: Entry, flow: str, made: tuple[Exchange, ...]) -> float:
        """When it was closed, else when it was last heard of."""
        last = [at.mono for kind in _TLS_KINDS for at, _ in self._ledger.of_flow(flow, kind)]
        return max([entry.mono, *last, *(one.entry.mono for one in made)])

    def _evidence(self, entry: Entry, flow: str) -> tuple[str, ...]:
        return (entry.ref, *(at.ref for kind in _TLS_KINDS for at, _ in self._ledger.of_flow(flow, kind)))


def _protocol(made: tuple[Exchange, ...], hello: TlsHello | None) -> str:
    """For flows that were never closed."""
    if made:
        return "https" if made[0].request.url.startswith("https:") else "http"
    return "tls" if hello else "raw"


def _sum(made: tuple[Exchange, ...], streams: tuple[tuple[Entry, StreamData], ...], direction: str) -> int:
    raw = sum(what.bytes for _, what in streams if what.direction == direction)
    return raw + sum(one.bytes(direction) for one in made)
