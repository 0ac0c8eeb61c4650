"""How much a finding matters.

Not the findings: the command line wants this scale alone, and quickly.
"""

from __future__ import annotations

import enum


class Severity(enum.StrEnum):
    """How much a finding matters."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 4 for critical."""
        return list(Severity).index(self)
