"""A prompt that is given to the app, and to the reference.

Not the conversation about it: what was sent and answered is in `auditor.model.observation`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One thing to say."""

    index: int
    """From 1."""
    text: str
    """As it is typed, marker included."""
    canary: str
    """Id of the canary that it carries: `prompt-1`."""
    marker: str
    """The marker inside `text`; empty when the user's own prompt has no place for one."""
