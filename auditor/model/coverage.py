"""What the recording could and could not see.

Nothing here is a finding about the app: it says how far findings, and their absence, can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.frames import FrameLedger

INTERRUPTED = "The recording was interrupted: what came after is not known."
"""A gap that a judge tells by itself, since it knows what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """One channel on which our own program sent a known value."""

    channel: str
    """`https`, `dns`, `tcp`, `udp`, `file`, ..."""
    seen: bool
    attributed: bool
    round: str = "after"
    """`before` the app was started, or `after` the last process of it had ended."""
    decoded: bool | None = None
    """Its protocol was understood; None for channels that carry bytes and nothing else."""

    @property
    def proven(self) -> bool:
        """Nothing is missing on this channel."""
        return self.seen and self.attributed and self.decoded is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be seen."""

    text: str
    """One sentence, with its number: `3 packets were dropped by the capture ring`."""
    blinds: bool
    """True when the absence of findings proves nothing any more: the run becomes inconclusive."""
    principle: int = 0
    """The one principle (1..10) that it blinds; 0 for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The ledger printed under every verdict."""

    controls: tuple[ControlResult, ...]
    packets_captured: int
    packets_dropped: int
    flows_total: int
    flows_attributed: int
    flows_decrypted: int
    flows_opaque: int
    answered: bool
    """The app gave some answer to a prompt."""
    answer_contains_marker: bool | None
    """None when no prompt was given or the user vouched for the answer."""
    prompted: bool
    """A prompt was handed to the app."""
    gaps: tuple[Gap, ...]
    ledger: FrameLedger | None = None
    """What every frame that left the box belonged to; None without a packet capture."""
