"""Whether the box stood as completely as the user demands.

Not what a lesser box misses: that is among the gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.judge.doubts import Doubt
from auditor.model.run import Assurance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.run import Run

FIX = "Run `audit doctor`, or take what there is with --min-assurance reduced."


def shortfall(assurance: Assurance, reduced_by: Sequence[str], least: Assurance) -> str:
    """Why a recording does not do, as a clause; empty when it does."""
    if least is not Assurance.FULL or assurance is Assurance.FULL:
        return ""
    reasons = " ".join(reduced_by).rstrip(". ") or "the reason was not recorded"
    return f"the assurance is reduced where full was asked for ({reasons})"


def assurance_doubts(run: Run, least: Assurance) -> Iterator[Doubt]:
    """At most one."""
    text = shortfall(run.assurance, run.reduced_by, least)
    if text:
        yield Doubt(text=text, fix=FIX)
