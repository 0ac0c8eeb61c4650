"""Contacts grouped for readers: organisation, then host, then process.

Not classification: organisations and purposes were decided before; this only groups and adds up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.flow import Purpose
from auditor.report.headline import process_name
from auditor.report.text import endpoint
from auditor.report.words import PHASES
from auditor.report.words import PURPOSES
from auditor.report.words import VISIBILITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.flow import Lookup
    from auditor.report.document import Flow
    from auditor.report.document import Request
    from auditor.report.document import Result

UNKNOWN_ENTITY = "Organisation unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Everything that one process exchanged with one host."""

    process: str
    purposes: tuple[str, ...]
    phases: tuple[str, ...]
    visibilities: tuple[str, ...]
    endpoints: tuple[str, ...]
    connections: int
    lookups: int
    bytes_out: int
    bytes_in: int
    canaries: tuple[str, ...]
    declared: bool
    requests: tuple[Request, ...]
    flows: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One name or bare address."""

    name: str
    contacts: tuple[Contact, ...]

    @property
    def bytes_out(self) -> int:
        """Sent by all processes."""
        return sum(contact.bytes_out for contact in self.contacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Who is behind some hosts."""

    name: str
    hosts: tuple[Host, ...]

    @property
    def host_count(self) -> int:
        """How many names and bare addresses."""
        return len(self.hosts)

    @property
    def bytes_out(self) -> int:
        """Sent to all hosts."""
        return sum(host.bytes_out for host in self.hosts)


def organisations(result: Result) -> tuple[Organisation, ...]:
    """Everyone who was contacted, those who were sent most first; look-ups alone count as contacts."""
    grouped: dict[str, dict[str, dict[str, tuple[list[Flow], list[Lookup]]]]] = {}
    for flow in result.flows:
        _place(grouped, flow.entity, host_of(flow), process_name(flow.process))[0].append(flow)
    connected = {host_of(flow) for flow in result.flows}
    for lookup in result.lookups:
        if lookup.name not in connected:
            _place(grouped, lookup.entity, lookup.name, process_name(lookup.process))[1].append(lookup)
    return tuple(
        sorted(
            (_organisation(name, hosts) for name, hosts in grouped.items()),
            key=lambda item: (-item.bytes_out, item.name),
        )
    )


def host_of(flow: Flow) -> str:
    """The name that the app used, or the bare address."""
    return flow.destination.domain or flow.destination.ip


def _place(
    grouped: dict[str, dict[str, dict[str, tuple[list[Flow], list[Lookup]]]]],
    entity: str,
    host: str,
    process: str,
) -> tuple[list[Flow], list[Lookup]]:
    hosts = grouped.setdefault(entity or UNKNOWN_ENTITY, {})
    return hosts.setdefault(host, {}).setdefault(process, ([], []))


def _organisation(name: str, hosts: dict[str, dict[str, tuple[list[Flow], list[Lookup]]]]) -> Organisation:
    built = [
        Host(
            name=host,
            contacts=tuple(
                sorted(
                    (_contact(process, *seen) for process, seen in processes.items()),
                    key=lambda contact: (-contact.bytes_out, contact.process),
                )
            ),
        )
        for host, processes in hosts.items()
    ]
    return Organisation(name=name, hosts=tuple(sorted(built, key=lambda host: (-host.bytes_out, host.name))))


def _contact(process: str, flows: list[Flow], lookups: list[Lookup]) -> Contact:
    purposes = [purpose for flow in flows for purpose in _purposes(flow)]
    seen: list[Flow | Lookup] = [*flows, *lookups]
    return Contact(
        process=process,
        purposes=_unique(PURPOSES[purpose] for purpose in purposes or [Purpose.DNS_ONLY]),
        phases=_unique(PHASES.get(item.phase, item.phase) for item in seen),
        visibilities=_unique(VISIBILITIES[flow.visibility] for flow in flows),
        endpoints=_unique(
            f"{endpoint(flow.destination.ip, flow.destination.port)} {flow.protocol} over {flow.transport}"
            for flow in flows
        ),
        connections=len(flows),
        lookups=len(lookups),
        bytes_out=sum(flow.bytes_out for flow in flows),
        bytes_in=sum(flow.bytes_in for flow in flows),
        canaries=_unique(canary for item in seen for canary in item.canaries),
        declared=all(item.declared for item in seen),
        requests=tuple(request for flow in flows for request in flow.requests),
        flows=tuple(flow.id for flow in flows),
        notes=_unique(flow.note for flow in flows if flow.note),
    )


def _purposes(flow: Flow) -> list[Purpose]:
    # One connection may carry several purposes; the flow's own is the gravest of them and comes first.
    judged = [request.purpose for request in flow.requests if request.purpose is not Purpose.UNKNOWN]
    return [flow.purpose, *judged]


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
