"""Driver `none`: start the app and watch it; nothing is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.drivers.stage import idle
from auditor.drivers.stage import launch
from auditor.drivers.stage import settle

if TYPE_CHECKING:
    from auditor.drivers.stage import Stage


def drive(stage: Stage) -> None:
    """Start, idle, settle."""
    launch(stage)
    stage.wait(stage.pace.start, lambda: not stage.app_running())
    idle(stage)
    settle(stage)
