"""What the journal tells about the box's wire: which frames left, in which phase, and what is known of them.

Not the frames: those are read by `talks`.
"""

from __future__ import annotations

import copy
import functools
import ipaddress
from bisect import bisect_right
from typing import TYPE_CHECKING

from auditor.classify.hosts import scope
from auditor.classify.ledger import role_by_phase
from auditor.model.observation import ControlSent
from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowOpened
from auditor.model.observation import PhaseBegan
from auditor.model.observation import RunOpened
from auditor.parse import packet

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.classify.ledger import Ledger

CONTROL = "control"
Key = tuple[str, bytes, int, bytes, int]
"""A conversation as packets name it: transport, near address and port, far address and port."""


def key(transport: str, near: str, near_port: int, far: str, far_port: int) -> Key:
    """Key of a conversation that the journal names."""
    return (transport, packed(near), near_port, packed(far), far_port)


def packed(address: str) -> bytes:
    """An address as it is in a packet; empty for what is no address."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).packed
    except ValueError:
        return b""


@functools.lru_cache(maxsize=4096)
def text(address: bytes) -> str:
    """A packed address as text, empty where there is none."""
    return str(ipaddress.ip_address(address)) if address else ""


class Wire:
    """The wire of one recording."""

    def __init__(self, ledger: Ledger) -> None:
        """Read addresses, phases and conversations from the journal."""
        opened = ledger.first(RunOpened)
        self._gateway_mac = _mac(opened.gateway_mac) if opened else b""
        self.gateways = {packed(each) for each in opened.resolvers} if opened else set()
        """Addresses of our end, packed; the one of its link too."""
        if self._gateway_mac:
            self.gateways.add(_link_local(self._gateway_mac))
        self.known = frozenset(_known(ledger))
        """Conversations that the journal names."""
        self._own = {each[1] for each in self.known}
        self._ours = {
            key(transport, what.client_ip, what.client_port, what.server_ip, what.server_port)
            for _, what in ledger.all(ControlSent)
            if what.client_port and what.server_ip
            for transport in ("tcp", "udp")
        }
        phases = [(entry.t, entry.mono, what.name) for entry, what in ledger.all(PhaseBegan)]
        self._began = [t for t, _, _ in phases]
        self._names = [name for _, _, name in phases]
        self._offset = ledger.entries[0].t - ledger.entries[0].mono if ledger.entries else 0.0

    def without(self, keys: Collection[Key]) -> Wire:
        """The same wire, as if the journal did not know these conversations."""
        other = copy.copy(self)
        other.known = self.known.difference(keys)
        return other

    def left(self, frame: bytes, one: packet.Packet | None) -> bool:
        """Whether the box sent this frame; when that cannot be told, it did."""
        if self._gateway_mac:
            return frame[6:12] != self._gateway_mac
        if one is None:
            return True
        way = packet.direction(one, self._own)
        if way is packet.Direction.OTHER:
            return scope(one.destination_ip) == "multicast"
        return way is not packet.Direction.IN

    def mono(self, time_ns: int) -> float:
        """Seconds since the recording began."""
        return max(time_ns / 1e9 - self._offset, 0.0)

    def phase(self, time_ns: int) -> str:
        """The phase in force; empty before the first."""
        index = bisect_right(self._began, time_ns / 1e9)
        return self._names[index - 1] if index else ""

    def role(self, time_ns: int, conversation: Key | None = None) -> str:
        """Whose launch a packet belongs to that no process is known for.

        The control before the app is answered while the app starts: its sockets are known by both their ends.
        """
        # A journal that broke off before any phase did so before the app: the control is the first of them.
        ours = conversation in self._ours or not self._began
        return CONTROL if ours else role_by_phase(self.phase(time_ns))


def _known(ledger: Ledger) -> set[Key]:
    """Recorded flows and look-ups: their content was read elsewhere."""
    flows = {
        key(what.transport, what.client_ip, what.client_port, what.ip, what.port)
        for _, what in ledger.all(FlowOpened)
    }
    return flows | {
        key("udp", what.client_ip, what.client_port, what.server_ip, what.server_port)
        for _, what in ledger.all(DnsQuery)
        if not what.flow
    }


def _mac(address: str) -> bytes:
    try:
        return bytes.fromhex(address.replace(":", ""))
    except ValueError:
        return b""


def _link_local(mac: bytes) -> bytes:
    """The IPv6 address that a link gives itself (RFC 4291, appendix A)."""
    return bytes.fromhex("fe80000000000000") + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
