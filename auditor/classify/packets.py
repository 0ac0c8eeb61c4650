"""What is left of the packet capture without flows and look-ups: datagrams, ICMP, multicast, the odd.

Not a reassembler: TCP streams were recorded by the proxy.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from auditor.classify.hosts import scope
from auditor.classify.ledger import role_by_phase
from auditor.classify.places import Place
from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowOpened
from auditor.model.observation import PhaseBegan
from auditor.parse import packet
from auditor.parse import pcapng

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.ledger import Ledger
    from auditor.evidence.store import RunDirectory

LOOPBACK = "lo"
"""Interface whose frames never leave the box."""

MOST_BYTES = 64 << 20
"""Payload kept for the search, over all conversations."""

FILE = "packets.pcapng"

Endpoint = tuple[str, str, int]
"""Transport, address, port of the far side."""

Conversation = tuple[str, str, int, str, int]
"""Transport, near address and port, far address and port."""


@dataclass(slots=True)
class Leftovers:
    """Payloads that belong to no flow, joined for each far side and direction."""

    payloads: dict[tuple[Endpoint, str, str], bytearray] = field(default_factory=dict)
    """By far side, direction and role."""
    sent: dict[Endpoint, int] = field(default_factory=dict)
    """Payload bytes that left for each far side."""
    broken: str = ""
    """Why the capture could not be read to its end."""
    full: bool = False
    """More was captured than is searched."""
    _held: int = 0

    def add(self, far: Endpoint, direction: str, role: str, payload: bytes) -> None:
        """Keep a payload, as long as there is room."""
        if direction == "out":
            self.sent[far] = self.sent.get(far, 0) + len(payload)
        if self._held + len(payload) > MOST_BYTES:
            self.full = True
            return
        self._held += len(payload)
        self.payloads.setdefault((far, direction, role), bytearray()).extend(payload)

    def places(self, subjects: dict[Endpoint, str]) -> Iterator[Place]:
        """Where to search; `subjects` names the flow of a far side where there is one."""
        for (far, direction, role), payload in self.payloads.items():
            yield Place(
                where="packet", subject=subjects.get(far, FILE), role=role,
                data=bytes(payload), direction=direction,
            )  # fmt: skip


def leftovers(directory: RunDirectory, ledger: Ledger) -> Leftovers:
    """Read the capture once; a run without one has no leftovers."""
    found = Leftovers()
    if not directory.packets.exists():
        return found
    known, own, roles = _known(ledger), _own(ledger), _Roles(ledger)
    try:
        with directory.packets.open("rb") as stream:
            for captured in pcapng.read(stream):
                if captured.interface != LOOPBACK:
                    _sort(captured, known, own, roles, found)
    except (ValueError, OSError) as error:
        found.broken = str(error)
    return found


def _sort(
    captured: pcapng.CapturedPacket,
    known: set[Conversation],
    own: set[bytes],
    roles: _Roles,
    found: Leftovers,
) -> None:
    try:
        one = packet.dissect(captured.data, captured.original)
    except ValueError:
        return
    if not one.payload:
        return
    near, far = (one.source_ip, one.source_port), (one.destination_ip, one.destination_port)
    direction = _direction(one, own)
    if direction == "in":
        near, far = far, near
    if direction and (one.transport, *near, *far) not in known:
        found.add((one.transport, *far), direction, roles.at(captured.time_ns), one.payload)


def _direction(one: packet.Packet, own: set[bytes]) -> str:
    """`out`, `in`, or empty for what is neither; what goes to a group was sent by the box."""
    way = packet.direction(one, own)
    if way is packet.Direction.OTHER and scope(one.destination_ip) == "multicast":
        return "out"
    return way.value if way in (packet.Direction.OUT, packet.Direction.IN) else ""


def _known(ledger: Ledger) -> set[Conversation]:
    """Recorded flows and look-ups: their content was read elsewhere."""
    flows = {
        (what.transport, what.client_ip, what.client_port, what.ip, what.port)
        for _, what in ledger.all(FlowOpened)
    }
    return flows | {
        (what.transport, what.client_ip, what.client_port, what.server_ip, what.server_port)
        for _, what in ledger.all(DnsQuery)
    }


def _own(ledger: Ledger) -> set[bytes]:
    near = {what.client_ip for _, what in ledger.all(FlowOpened)}
    near |= {what.client_ip for _, what in ledger.all(DnsQuery)}
    return {ipaddress.ip_address(address).packed for address in near}


class _Roles:
    """Whose launch a packet belongs to, by the phase in force when it passed."""

    def __init__(self, ledger: Ledger) -> None:
        self._phases = [(entry.t, what.name) for entry, what in ledger.all(PhaseBegan)]

    def at(self, time_ns: int) -> str:
        begun = [name for at, name in self._phases if at <= time_ns / 1e9]
        return role_by_phase(begun[-1] if begun else "")
