"""Draws the plan of paired runs, and records each of them.

Not the decision when to stop: that is the judging half's, and the command line goes back and forth between
the two.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING
from typing import Final

from auditor.drivers.prompts import PLACE
from auditor.evidence import pairs
from auditor.model.markers import make_marker
from auditor.model.paired import SILENT
from auditor.model.paired import PairedPlan
from auditor.model.paired import PairedPrompt
from auditor.model.schedule import schedule

if TYPE_CHECKING:
    from auditor.evidence.store import RunDirectory
    from auditor.model.schedule import Schedule
    from auditor.record.settings import Settings

FORM = f"Please repeat this code word: {PLACE}"
"""What is asked when the user has no prompt of his own."""
SHORTEST, LONGEST = 20, 2400
"""Bytes of words that are put before the marker: far apart, and fit for small contexts and for arguments."""
_EDGE = 0.2
"""Part of its range that a length keeps away from the next one's on either side."""
_WORDS: Final = (
    "apple", "autumn", "basket", "bridge", "candle", "carpet", "castle", "cellar", "cherry",
    "circle", "coffee", "copper", "corner", "cotton", "dinner", "doctor", "dragon", "engine",
    "fabric", "family", "farmer", "flower", "forest", "garden", "ginger", "guitar", "hammer",
    "harbor", "island", "jacket", "kettle", "ladder", "lantern", "lemon", "letter", "marble",
    "market", "meadow", "mirror", "monkey", "mountain", "museum", "needle", "number", "orange",
    "oven", "paper", "pencil", "pepper", "pillow", "planet", "pocket", "potato", "puzzle", "rabbit",
    "ribbon", "river", "saddle", "salad", "shadow", "silver", "spoon", "spring", "stable", "summer",
    "table", "temple", "thunder", "ticket", "tiger", "tomato", "tunnel", "turtle", "valley",
    "velvet", "village", "violin", "wagon", "walnut", "window", "winter", "wizard", "yellow",
    "zebra",
)  # fmt: skip


def draw(most: int, error_rate: float, template: str = "", seed: str = "") -> PairedPlan:
    """Draw an experiment: what is typed, and in which order.

    Args:
        most: Runs at most.
        error_rate: Chance of a wrong accusation, at most.
        template: A prompt of the user's own; the words and the marker go where `{canary}` stands in it.
        seed: To draw an old experiment again; a new one takes it from the system's source of randomness.

    Raises:
        ValueError: so few runs could never show anything.
    """
    looks = schedule(most, error_rate)
    seed = seed or secrets.token_hex(16)
    rng = Random(f"{seed}/plan")  # noqa: S311 - must be drawn again by whoever checks it
    prompts = _prompts(looks.first, template or FORM, rng)
    return PairedPlan(
        seed=seed,
        most=most,
        error_rate=error_rate,
        first=looks.first,
        prompts=prompts,
        order=_order(looks, [prompt.label for prompt in prompts], rng),
    )


def _prompts(first: int, template: str, rng: Random) -> tuple[PairedPrompt, ...]:
    """As many of different lengths as the first block has runs, and one more, as long as one of those."""
    step = (LONGEST - SHORTEST) / first
    lengths = [round(SHORTEST + step * (place + rng.uniform(_EDGE, 1 - _EDGE))) for place in range(first)]
    lengths.append(rng.choice(lengths))
    return tuple(
        _prompt(f"p{number}", template, length, rng) for number, length in enumerate(lengths, start=1)
    )


def _prompt(label: str, template: str, length: int, rng: Random) -> PairedPrompt:
    words = _text(length, rng)
    if PLACE not in template:
        return PairedPrompt(label=label, text=f"{template} {words}", marker="")
    marker = make_marker(rng)
    return PairedPrompt(label=label, text=template.replace(PLACE, f"{words} {marker}"), marker=marker)


def _text(length: int, rng: Random) -> str:
    """Words of exactly so many bytes; the last may be cut."""
    words = ""
    while len(words) < length:
        words += f"{rng.choice(_WORDS)} "
    return words[: length - 1].rstrip().ljust(length - 1, "a") + ","


def _order(looks: Schedule, labels: list[str], rng: Random) -> tuple[str, ...]:
    """Each length once, in random order; then every prompt again in turn and the silent runs, shuffled."""
    first, rest = labels[: looks.first], looks.typed - looks.first
    later = [labels[-1 - number % len(labels)] for number in range(rest)] + [SILENT] * looks.silent
    rng.shuffle(first)
    rng.shuffle(later)
    return (*first, *later)


def settings_of(settings: Settings, main: RunDirectory, plan: PairedPlan, number: int) -> Settings:
    """What the recording of one paired run is asked for; `number` counts from 0."""
    label = plan.order[number]
    prompt = next((one for one in plan.prompts if one.label == label), None)
    return replace(
        settings,
        out=pairs.folder(main, number),
        silent=prompt is None,
        prompts=(prompt.text,) if prompt else (),
        expect=(prompt.marker if prompt else "") or settings.expect,
        reference=False,
        publish=(),
        paired="",
        hidden=(*settings.hidden, main.root),
    )
