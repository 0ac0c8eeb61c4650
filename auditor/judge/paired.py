"""What paired runs showed, in sentences; wherever it is said, it is said with its power.

Not the statistics, and not what follows for the verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.judge.wording import plural
from auditor.judge.wording import printable
from auditor.model.paired import DependenceOutcome
from auditor.model.paired import Family

if TYPE_CHECKING:
    from auditor.model.paired import Dependence
    from auditor.model.paired import Effect

CONTENT = (Family.LENGTH, Family.WORDS)
TIME = (Family.TIME_LENGTH, Family.TIME_WORDS)

_BY = {
    Family.LENGTH: "goes with the length of what is typed",
    Family.WORDS: "goes with the words that are typed",
    Family.TIME_LENGTH: "goes with the length of what is typed",
    Family.TIME_WORDS: "goes with the words that are typed",
    Family.USE: "goes with whether anything is typed",
}
_ON_WHAT = "depends on what was typed"
_MOST = 3
"""Effects that a sentence names."""


def effect_text(effect: Effect) -> str:
    """One effect as a clause.

    `bytes sent (x.example port 443/tcp) goes with the length of what is typed: about 1 for each byte ...`
    """
    where = f" ({printable(effect.destination)})" if effect.destination else ""
    detail = f": {effect.detail}" if effect.detail else ""
    return f"{effect.measure}{where} {_BY[effect.family]}{detail}"


def effects_of(dependence: Dependence, families: tuple[Family, ...]) -> tuple[str, ...]:
    """The effects of some questions, the clearest first; none unless the experiment was valid."""
    return tuple(effect_text(effect) for effect in dependence.effects if effect.family in families)


def clears(dependence: Dependence | None) -> bool:
    """Whether flows that could not be read are no reason any more to leave a verdict open."""
    return dependence is not None and dependence.outcome is DependenceOutcome.INDEPENDENT


def answer(dependence: Dependence) -> str:
    """The result in one or two sentences."""
    made = f"{plural(dependence.runs, 'paired run')} of at most {dependence.most}"
    rate = f"at an error rate of {dependence.error_rate:.3g}"
    if dependence.outcome is DependenceOutcome.DEPENDS:
        first = f"What leaves {_ON_WHAT} ({made}, {rate}): {_effects(dependence)}."
    elif dependence.outcome is DependenceOutcome.INDEPENDENT:
        first = f"What leaves was not seen to depend on what was typed ({made}, {rate}). {dependence.power}"
        first += _used(dependence) + _unread(dependence)
    else:
        first = f"Whether what leaves {_ON_WHAT} was not settled ({made}): {dependence.reason}."
    return first


def _effects(dependence: Dependence) -> str:
    texts = [effect_text(effect) for effect in dependence.effects]
    more = f"; and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return "; ".join(texts[:_MOST]) + more


def _used(dependence: Dependence) -> str:
    if Family.USE in dependence.families():
        return f" But it shows whether anything is typed: {_effects(dependence)}."
    return ""


def _unread(dependence: Dependence) -> str:
    if not dependence.most_unread:
        return ""
    return (
        f" No run sent more than {dependence.most_unread:,} bytes that could not be read; the longest prompt "
        f"had {dependence.longest_prompt:,}."
    )
