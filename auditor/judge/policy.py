"""What the user asks of a verdict. Not how the app is run: those are the recording's options."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.run import Assurance
from auditor.model.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The user's part in a verdict."""

    fail_on: Severity = Severity.HIGH
    """The least severity that fails a run."""
    min_assurance: Assurance = Assurance.REDUCED
    """With less than this a run is inconclusive."""
