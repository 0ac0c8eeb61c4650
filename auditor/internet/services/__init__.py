"""Stand-in services: plausible answers, because `{}` or an error hides the second stage of much telemetry.

Not a simulation: each answer is just good enough that a program goes on as it would outside. The
table is read from top to bottom; the last row takes everything.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.internet.services.hub import HUB_SERVICES
from auditor.internet.services.inference import INFERENCE
from auditor.internet.services.telemetry import TELEMETRY
from auditor.internet.services.updates import UPDATES
from auditor.internet.services.web import WEB

if TYPE_CHECKING:
    from auditor.internet.services.contract import Service

SERVICES: tuple[Service, ...] = (*HUB_SERVICES, *INFERENCE, *TELEMETRY, *UPDATES, *WEB)
"""In order of precedence."""
REMEMBERED = 4096


class Table:
    """The services of one run."""

    def __init__(self, extra: tuple[Service, ...] = (), mark: str = "") -> None:
        """`extra` come before the built-in ones; `mark` is for `Request.mark`."""
        self.mark = mark
        self.rows = (*extra, *SERVICES)
        self.find = lru_cache(REMEMBERED)(self._find)
        """(host, method, path) -> the first service that takes it."""

    def _find(self, host: str, method: str, path: str) -> Service:
        return next(row for row in self.rows if row.takes(host, method, path))
