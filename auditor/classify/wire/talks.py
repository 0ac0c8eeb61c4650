"""Who the box's packets went to, tallied in one pass over the capture: frames, bytes, TCP's sequence numbers.

Not what a conversation means: `frames` settles that, when flows and look-ups are known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final

from auditor.classify.wire import routine
from auditor.parse import packet
from auditor.parse import pcapng

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.classify.wire.known import Key
    from auditor.classify.wire.known import Wire

LOOPBACK: Final = "lo"
"""Interface whose frames never leave the box."""
MOST_STRANGE: Final = 50_000
"""Conversations unknown to the journal that are tallied apart; all further ones are one."""
MOST_FRAGMENTED: Final = 4096
"""Fragmented packets whose beginning is remembered; the others of one follow within a few frames."""
OVERFLOW: Final[Key] = ("", b"", 0, b"", 0)
"""Those beyond `MOST_STRANGE`."""
UNREADABLE: Final[Key] = ("frame", b"", 0, b"", 0)
"""Frames that could not be taken apart."""

_WRAP: Final = 1 << 32
_AHEAD: Final = 1 << 31

Take = Callable[["Key", str, str, bytes], None]
"""(conversation, direction, role, payload): something to search."""


@dataclass(slots=True)
class Talk:
    """What left the box between two endpoints."""

    frames: int = 0
    bytes: int = 0
    """On the wire, headers included."""
    carrying: int = 0
    """Frames with a payload."""
    carrying_bytes: int = 0
    payload: int = 0
    """Bytes behind the transport header; what was sent twice is counted twice."""
    whole: bool = True
    """Every payload was captured to its end."""
    later: int = 0
    """Fragments that are not the first of their packet."""
    first_ns: int = 0
    last_ns: int = 0
    first_frame: int = 0
    """Number in the capture, from 1."""
    sent: int = 0
    """TCP: bytes of all connections between the two, each counted once."""
    _initial: int = -1
    _end: int = -1

    def segment(self, one: packet.Packet) -> None:
        """Follow TCP's sequence numbers (RFC 9293, 3.4)."""
        start = one.sequence
        if one.flags & packet.SYN:
            start = (start + 1) % _WRAP
            if one.sequence != self._initial:  # else it was sent again
                self._initial, self._end = one.sequence, start
        if not one.payload_bytes:  # what follows a FIN is numbered as if that had been a byte
            return
        if self._end < 0:
            self._end = start
        end = (start + one.payload_bytes) % _WRAP
        ahead = (end - self._end) % _WRAP
        if 0 < ahead < _AHEAD:
            self.sent += ahead
            self._end = end


@dataclass(slots=True)
class Tally:
    """Frames that are only counted."""

    frames: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """One more."""
        self.frames += 1
        self.bytes += size


@dataclass(slots=True)
class Talks:
    """One capture, tallied."""

    known: dict[Key, Talk] = field(default_factory=dict)
    """By conversation that the journal knows."""
    strange: dict[tuple[Key, str], Talk] = field(default_factory=dict)
    """By conversation that it does not know, and role."""
    routine: Talk = field(default_factory=Talk)
    """What a kernel sends of its own accord."""
    complaint: str = ""
    """What was wrong with the first frame that could not be taken apart."""
    arrived: Tally = field(default_factory=Tally)
    inside: Tally = field(default_factory=Tally)
    interfaces: Counter[str] = field(default_factory=Counter)
    """Frames in the file."""
    broken: str = ""
    """Why the capture could not be read to its end."""


def nothing(wire: Wire, broken: str = "") -> Talks:
    """As of a capture without a frame."""
    return Talks(known={key: Talk() for key in wire.known}, broken=broken)


def tally(stream: BinaryIO, wire: Wire, take: Take) -> Talks:
    """Read a whole capture; what the journal does not know of is handed to `take` on the way."""
    tallying = _Tallying(wire, take)
    try:
        for number, captured in enumerate(pcapng.read(stream), 1):
            tallying.count(number, captured)
    except (ValueError, OSError) as error:
        tallying.talks.broken = str(error)
    return tallying.talks


def reread(stream: BinaryIO, wire: Wire, roles: Mapping[Key, str], take: Take) -> None:
    """Hand out the payloads of known conversations that somebody has not read to their end."""

    def wanted(key: Key, direction: str, _: str, payload: bytes) -> None:
        if key in roles and direction == "out":
            take(key, direction, roles[key], payload)

    tally(stream, wire.without(roles), wanted)


class _Tallying:
    """The state of one pass."""

    def __init__(self, wire: Wire, take: Take) -> None:
        self._wire = wire
        self._take = take
        self._fragmented: dict[tuple[bytes, bytes, int], Key] = {}
        self.talks = nothing(wire)
        self._known = self.talks.known

    def count(self, number: int, captured: pcapng.CapturedPacket) -> None:
        """Take one frame into account."""
        name, time_ns, size, frame = captured
        self.talks.interfaces[name] += 1
        if name == LOOPBACK:
            self.talks.inside.add(size)
            return
        try:
            one = packet.dissect(frame, size)
        except ValueError as error:
            self._unreadable(number, captured, str(error))
            return
        if not self._wire.left(frame, one):
            self._arrive(one, time_ns, size)
            return
        key: Key = (one.transport, one.source, one.source_port, one.destination, one.destination_port)
        if one.fragment >= 0:
            key = self._whole(key, one)
        talk = self._known.get(key)
        if talk is None:
            talk = self._unknown(key, one, time_ns, number)
        elif one.options:
            self._take(key, "out", self._wire.role(time_ns), one.options)
        talk.frames += 1
        talk.bytes += size
        if one.payload_bytes:
            talk.carrying += 1
            talk.carrying_bytes += size
            talk.payload += one.payload_bytes
        if one.transport == "tcp":
            talk.segment(one)

    def _unknown(self, key: Key, one: packet.Packet, time_ns: int, number: int) -> Talk:
        role = self._wire.role(time_ns, key)
        content = one.options + one.payload
        if content and not routine.quotes(one):
            self._take(key, "out", role, content)
        if routine.is_routine(one, self._wire.gateways):
            return self.talks.routine
        talk = self._strange(routine.target(key, one), role, time_ns, number)
        talk.whole = talk.whole and len(one.payload) == one.payload_bytes
        return talk

    def _strange(self, key: Key, role: str, time_ns: int, number: int) -> Talk:
        strange = self.talks.strange
        if (key, role) not in strange and len(strange) >= MOST_STRANGE:
            key = OVERFLOW
        talk = strange.get((key, role))
        if talk is None:
            talk = strange[key, role] = Talk(first_ns=time_ns, first_frame=number)
        talk.last_ns = time_ns
        return talk

    def _whole(self, key: Key, one: packet.Packet) -> Key:
        """The conversation of a fragment: only the first of a packet names ports."""
        packet_of = (one.source, one.destination, one.fragment)
        if one.source_port or one.destination_port:
            if len(self._fragmented) >= MOST_FRAGMENTED:
                self._fragmented.pop(next(iter(self._fragmented)))
            self._fragmented[packet_of] = key
            return key
        whole = self._fragmented.get(packet_of, key)
        if whole in self._known:
            self._known[whole].later += 1
        return whole

    def _arrive(self, one: packet.Packet, time_ns: int, size: int) -> None:
        self.talks.arrived.add(size)
        if one.payload:
            key = (one.transport, one.destination, one.destination_port, one.source, one.source_port)
            if key not in self._known:
                self._take(key, "in", self._wire.role(time_ns, key), one.payload)

    def _unreadable(self, number: int, captured: pcapng.CapturedPacket, complaint: str) -> None:
        if not self._wire.left(captured.data, None):
            self.talks.arrived.add(captured.original)
            return
        self.talks.complaint = self.talks.complaint or complaint
        role = self._wire.role(captured.time_ns)
        self._take(UNREADABLE, "out", role, captured.data)
        talk = self._strange(UNREADABLE, role, captured.time_ns, number)
        talk.frames += 1
        talk.bytes += captured.original
