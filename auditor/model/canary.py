"""Marked values that are planted before a run and searched for in everything that leaves.

Not the search itself: that is `auditor.classify`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from dataclasses import field


class CanaryKind(enum.StrEnum):
    """What a canary pretends to be."""

    PROMPT = "prompt"
    """The short marker inside a prompt that was typed."""
    DOCUMENT = "document"
    RESPONSE = "response"
    FILE = "file"
    ENV = "env"
    IDENTITY = "identity"
    USAGE = "usage"
    """Nothing that was planted: how much was typed, as a counter tells it."""
    CONTROL = "control"
    """Planted by our own positive control; finding it proves that the observer sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One planted value."""

    id: str
    """Stable name within a run: `prompt-1`, `identity-hostname`."""
    kind: CanaryKind
    value: str
    """The text as it was planted."""
    planted_in: str
    """Where, in words a report can print: `prompt 1`, `host name`, `/etc/machine-id`."""
    context: str = ""
    """The whole text around the value (the full prompt), empty when the value stands alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One place where a canary was found."""

    canary: str
    """`Canary.id`."""
    where: str
    """Which part: `request body`, `url`, `header user-agent`, `lookup`, `file`, `packet`, `stream`."""
    subject: str
    """Id of the flow, lookup or file path."""
    exchange: str = ""
    """Id of the HTTP exchange inside the flow, empty when there is none."""
    encoding: tuple[str, ...] = ()
    """The chain of decoders from the wire inwards, empty for plain text: `gzip`, `base64`."""
    path: str = ""
    """The same with the members of documents on the way: `gzip > json:$.events[3].props > base64`."""
    excerpt: str = ""
    """A short redacted excerpt with the match between `[[` and `]]`."""
    extent: str = ""
    """How much of a long canary was there: `7 of 24 sentences`; empty for a short one."""
    direction: str = "out"
    """`out` for what left the app, `in` for what came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """A canary with everything found of it."""

    canary: Canary
    found: tuple[Sighting, ...] = field(default=())
