"""The prompts that an app is given: ordinary wishes of which a good answer repeats the marker.

Not the markers: those are made by `auditor.model.markers`.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from auditor.model.markers import make_marker
from auditor.model.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PLACE = "{canary}"
"""What a user's own prompt says where the marker is to stand."""
FORMS = (
    "My project is called {canary}. What is my project called?",
    "Please repeat this code word: {canary}",
    "Write a short letter to Nora about {canary}.",
    "Write a short note about {canary}.",
)
BUILT_IN = 3
"""How many of them a run uses: enough for a plain answer, a streamed one, and one in reserve."""


def built_in(rng: Random, number: int = BUILT_IN) -> tuple[Prompt, ...]:
    """The first `number` built-in prompts, each with a marker of its own."""
    return from_texts(FORMS[:number], rng)


def from_texts(texts: Sequence[str], rng: Random) -> tuple[Prompt, ...]:
    """Prompts of the given texts, with `{canary}` replaced.

    A text without a place for it keeps its words and has no marker; its answer proves nothing unless
    the user says what to expect.
    """
    return tuple(_prompt(index, text, rng) for index, text in zip(count(1), texts, strict=False))


def _prompt(index: int, text: str, rng: Random) -> Prompt:
    marker = make_marker(rng) if PLACE in text else ""
    return Prompt(index=index, text=text.replace(PLACE, marker), canary=f"prompt-{index}", marker=marker)
