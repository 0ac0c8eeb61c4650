"""What was run, and when each phase began and ended.

Not what happened in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.observation import PhaseBegan
from auditor.model.observation import RunEnded
from auditor.model.observation import RunOpened
from auditor.model.run import Assurance
from auditor.model.run import Declared
from auditor.model.run import Mode
from auditor.model.run import Phase
from auditor.model.run import PhaseName
from auditor.model.run import Run

if TYPE_CHECKING:
    from auditor.classify.ledger import Ledger


def run_of(ledger: Ledger, *, sealed: bool, altered: tuple[str, ...] = ()) -> Run:
    """The run; `altered` names raw files that are not as they were sealed.

    Raises:
        ValueError: the journal does not begin with `run.opened`, or names an unknown mode.
    """
    opened = ledger.first(RunOpened)
    if opened is None:
        raise ValueError("the journal has no run.opened line")
    ended = ledger.first(RunEnded)
    duration = ledger.entries[-1].mono
    return Run(
        id=opened.id,
        started=opened.started,
        duration_s=duration,
        command=opened.command,
        mode=Mode(opened.mode),
        assurance=Assurance(opened.assurance),
        driver=opened.driver,
        tool_version=opened.tool_version,
        phases=_phases(ledger, duration),
        app_status=ended.app_status if ended else "",
        declared=tuple(Declared(host=host, purpose=purpose) for host, purpose in opened.declared),
        sealed=sealed and ended is not None,
        home=opened.home,
        reduced_by=opened.reduced_by,
        options=opened.options,
        altered=altered,
    )


def _phases(ledger: Ledger, duration: float) -> tuple[Phase, ...]:
    begun = [(entry.mono, what.name) for entry, what in ledger.all(PhaseBegan)]
    ends = [*(at for at, _ in begun[1:]), duration] if begun else []
    return tuple(
        Phase(name=PhaseName(name), start_s=start, end_s=end)
        for (start, name), end in zip(begun, ends, strict=True)
        if name in set(PhaseName)
    )
