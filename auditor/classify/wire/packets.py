"""The packet capture of one run: tallied, and searched where nothing else was recorded of what it holds.

Not a reassembler: TCP streams were recorded by the proxy.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from auditor.classify.search.places import Place
from auditor.classify.wire import talks
from auditor.classify.wire.known import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from auditor.classify.wire.known import Key
    from auditor.classify.wire.known import Wire
    from auditor.classify.wire.talks import Talks
    from auditor.evidence.store import RunDirectory
    from auditor.model.flow import Flow

MOST_BYTES = 64 << 20
"""Payload kept for the search, over all conversations."""
FILE = "packets.pcapng"
AGAIN = "stream in the packet capture"
"""What a place is called that was read here because nobody else has; rules tell it from a mere packet."""
_WITH_PORTS = ("tcp", "udp", "udplite")

Endpoint = tuple[str, str, int]
"""Transport, address, port of the far side."""


@dataclass(slots=True)
class Leftovers:
    """Payloads that were recorded nowhere else, joined for each far side and direction."""

    payloads: dict[tuple[Endpoint, str, str], bytearray] = field(default_factory=dict)
    """By far side, direction and role."""
    full: bool = False
    """More was captured than is searched."""
    where: str = "packet"
    """What a place of these is called."""
    _held: int = 0

    def take(self, key: Key, direction: str, role: str, payload: bytes) -> None:
        """Keep a payload, as long as there is room."""
        if self._held + len(payload) > MOST_BYTES:
            self.full = True
            return
        self._held += len(payload)
        self.payloads.setdefault((endpoint(key), direction, role), bytearray()).extend(payload)

    def places(self, subjects: Mapping[tuple[Endpoint, str], str]) -> Iterator[Place]:
        """Where to search; `subjects` names the flow of a far side and role where there is one."""
        for (far, direction, role), payload in self.payloads.items():
            yield Place(
                where=self.where, subject=subjects.get((far, role), FILE), role=role,
                data=bytes(payload), direction=direction,
            )  # fmt: skip


@dataclass(slots=True)
class Capture:
    """What one pass over the capture file found."""

    wire: Wire
    talks: Talks
    leftovers: Leftovers
    again: Leftovers = field(default_factory=lambda: Leftovers(where=AGAIN))
    """What is searched although it belongs to a flow, since the proxy has not read that to its end."""
    missing: bool = False
    """There is no capture file."""


def endpoint(key: Key) -> Endpoint:
    """The far side of a conversation."""
    transport, _, _, far, port = key
    return (transport, text(far), port)


def far_side(flow: Flow) -> Endpoint:
    """The far side of a flow, named as packets name it."""
    port = flow.destination.port if flow.transport in _WITH_PORTS else 0
    return (flow.transport, flow.destination.ip, port)


def read(directory: RunDirectory, wire: Wire) -> Capture:
    """Read the capture once; one that is not there is empty."""
    left = Leftovers()
    try:
        with directory.packets.open("rb") as stream:
            return Capture(wire=wire, talks=talks.tally(stream, wire, left.take), leftovers=left)
    except OSError as error:
        broken = "" if isinstance(error, FileNotFoundError) else str(error)
        empty = talks.nothing(wire, broken)
        return Capture(wire=wire, talks=empty, leftovers=left, missing=not broken)


def reread(directory: RunDirectory, capture: Capture, roles: Mapping[Key, str]) -> None:
    """Add the payloads of conversations, with their roles, which the proxy has not read to their end."""
    if roles:
        with directory.packets.open("rb") as stream:
            talks.reread(stream, capture.wire, roles, capture.again.take)
