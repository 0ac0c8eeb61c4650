"""The account of every frame on the box's wire: what each one belonged to, in numbers.

Not the frames: those are evidence, in `packets.pcapng`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class FrameKind(enum.StrEnum):
    """What a frame that left the box belonged to; each belongs to exactly one."""

    READ = "read"
    """A contact of the app whose content was read."""
    METADATA_ONLY = "metadata-only"
    """A contact of the app that passed no content."""
    OPAQUE = "opaque"
    """A contact of the app whose content could not be read."""
    LOOKUP = "lookup"
    """A name look-up of the app."""
    PACKET = "packet"
    """A contact of the app that is no flow of the proxy, read from the capture: multicast, ICMP, the odd."""
    HOUSEKEEPING = "housekeeping"
    """Without content: handshakes and acknowledgements of known flows, and what keeps the link up."""
    OWN = "own"
    """Our own control and reference."""
    UNACCOUNTED = "unaccounted"
    """Nothing that was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCount:
    """Frames with their length on the wire, headers included."""

    frames: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRow:
    """All frames of one kind."""

    kind: FrameKind
    frames: int
    bytes: int
    """On the wire, headers included."""
    payload_bytes: int
    """Behind the transport header; of TCP with what was sent twice."""
    items: int
    """How many flows, look-ups or conversations these are; 0 where they are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLedger:
    """Every frame of the capture; `left` is the sum of the rows."""

    left: FrameCount
    """Sent by the box on its wire."""
    arrived: FrameCount
    """Sent to it."""
    inside: FrameCount
    """On the box's loopback, which leads nowhere."""
    rows: tuple[FrameRow, ...]
    """One for each kind, in the order of `FrameKind`."""
    unaccounted: int
    """Frames that left and belong to nothing that was recorded."""
    examples: tuple[str, ...]
    """The first few of these in words."""
    unrecorded_bytes: int
    """Sent on TCP connections of the app beyond what the proxy took."""
    reread: int
    """Conversations that the proxy did not follow to their end, read from the capture instead."""

    def frames(self, kind: FrameKind) -> int:
        """Frames of one kind."""
        return sum(row.frames for row in self.rows if row.kind == kind)
