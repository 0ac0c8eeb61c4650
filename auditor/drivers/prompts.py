"""The prompts that an app is given: ordinary wishes of which a good answer repeats the marker.

Not the markers: those are made by `auditor.model.markers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from auditor.model.document import make_document
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
QUESTION = "What is the project in these minutes called?"
IN_COMMAND = ("{prompt}", "{prompt_file}")
"""Where a command takes a prompt."""
DOCUMENT_FILE = "{document_file}"
"""Where a command takes the path of the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is said to the app in one run."""

    prompts: tuple[Prompt, ...]
    document: str = ""
    """Empty when there is none."""
    short: tuple[Prompt, ...]
    """The prompts that a model with a small context can take, too: all but the document."""


def write_script(
    rng: Random,
    *,
    command: Sequence[str],
    texts: Sequence[str] = (),
    ask_document: bool = False,
    argv: bool = False,
) -> Script:
    """Choose what is said.

    Args:
        rng: Makes markers and the document.
        command: May have places for a prompt or for the document.
        texts: The user's own prompts; the built-in ones when empty.
        ask_document: The document is to be part of a prompt, the last one or, in a command, the only one.
        argv: The command is run once. With a place for the document alone, that is its prompt.
    """
    prompts = from_texts(texts, rng) if texts else built_in(rng)
    placed = any(place in word for word in command for place in IN_COMMAND)
    filed = any(DOCUMENT_FILE in word for word in command)
    if not (ask_document or filed):
        return Script(prompts=prompts, short=prompts)
    marker = make_marker(rng)
    document = make_document(rng, marker)
    last = len(prompts) + 1
    asked = Prompt(index=last, text=f"{document} {QUESTION}", canary=f"prompt-{last}", marker=marker)
    if argv and filed and not placed:
        asked = replace(asked, text=document)
    elif not ask_document:
        return Script(prompts=prompts, document=document, short=prompts)
    alone = placed or (argv and filed)
    return Script(prompts=(asked,) if alone else (*prompts, asked), document=document, short=prompts)


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
