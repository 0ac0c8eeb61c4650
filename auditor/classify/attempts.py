"""Connects and sends that the gateway never saw: contacts that were wanted and not made.

Not refused system calls: those are `Attempt` in the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify import hosts
from auditor.model.flow import Destination
from auditor.model.flow import Flow
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowOpened
from auditor.model.observation import SocketCall

if TYPE_CHECKING:
    from auditor.classify.ledger import Ledger
    from auditor.classify.processes import ProcessTable
    from auditor.model.observation import Entry

_TRANSPORTS = {"stream": "tcp", "dgram": "udp"}
_PROTOCOLS = {1: "icmp", 58: "icmpv6", 136: "udplite"}
"""IP protocols that have datagram sockets of their own, by number; named as in `auditor.parse.packet`."""

MOST_EVIDENCE = 20
"""Journal lines quoted for one destination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What is accounted for already."""

    calls: frozenset[int]
    """`Entry.seq` of system calls that led to a flow or a look-up."""
    destinations: frozenset[tuple[str, str, int]]
    """(process, address, port) of flows: a further attempt there is no news."""


def attempts(ledger: Ledger, processes: ProcessTable, names: hosts.Names, met: Met) -> list[tuple[Flow, str]]:
    """One flow without bytes for each process and destination, with its role."""
    grouped: dict[tuple[str, str, int, str], list[tuple[Entry, SocketCall]]] = {}
    for entry, call in _unmet(ledger, met):
        grouped.setdefault((call.process, call.address, call.port, call.type), []).append((entry, call))
    return [
        (_flow(number, calls, processes, names), calls[0][1].role)
        for number, calls in enumerate(grouped.values(), 1)
    ]


def _unmet(ledger: Ledger, met: Met) -> list[tuple[Entry, SocketCall]]:
    opened = [what for _, what in ledger.all(FlowOpened)]
    asked = [what for _, what in ledger.all(DnsQuery)]
    cookies = {what.cookie for what in opened} | {what.cookie for what in asked}
    own = {what.client_ip for what in opened} | {what.client_ip for what in asked}
    servers = {(what.server_ip, what.server_port) for what in asked}
    return [
        (entry, call)
        for entry, call in ledger.all(SocketCall)
        if _leaves(call, own)
        and entry.seq not in met.calls
        and (not call.cookie or call.cookie not in cookies)
        and (call.address, call.port) not in servers
        and (call.process, call.address, call.port) not in met.destinations
    ]


def _leaves(call: SocketCall, own: set[str]) -> bool:
    """True for calls that put something on the wire; connecting a datagram socket does not."""
    if call.family not in ("inet", "inet6") or call.address in own:
        return False
    if hosts.scope(call.address) in ("loopback", "any"):
        return False
    return call.call == "sendto" or (call.call == "connect" and call.type == "stream")


def _flow(
    number: int, calls: list[tuple[Entry, SocketCall]], processes: ProcessTable, names: hosts.Names
) -> Flow:
    entry, call = calls[0]
    times = "once" if len(calls) == 1 else f"{len(calls)} times"
    group = hosts.scope(call.address) == "multicast"
    return Flow(
        id=f"a{number}",
        phase=entry.phase,
        start_s=entry.mono,
        end_s=calls[-1][0].mono,
        process=processes.owner(call.process, entry.mono, "cookie"),
        destination=Destination(domain=names.of(call.address, entry.mono), ip=call.address, port=call.port),
        transport=_PROTOCOLS.get(call.protocol) or _TRANSPORTS.get(call.type, str(call.protocol)),
        protocol="raw",
        visibility=Visibility.METADATA_ONLY,
        sni="",
        ja4="",
        bytes_out=0,
        bytes_in=0,
        purpose=Purpose.UNKNOWN,
        entity="",
        declared=False,
        canaries=(),
        requests=(),
        note=f"sent to a multicast group {times}" if group else f"tried {times}, never connected",
        evidence=tuple(at.ref for at, _ in calls[:MOST_EVIDENCE]),
    )
