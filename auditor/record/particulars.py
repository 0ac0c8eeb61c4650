"""What a recording says of itself: the first line of its journal, its canaries, and its manifest.

Not the writing: these are values.
"""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING
from typing import Any

from auditor import __version__
from auditor.model.observation import CanaryPlanted
from auditor.model.observation import RunOpened
from auditor.model.run import Assurance

if TYPE_CHECKING:
    from auditor.model.canary import Canary
    from auditor.record.settings import Settings
    from auditor.sandbox.plan import BoxPlan


def opened(
    run: str, began: float, settings: Settings, plan: BoxPlan, reduced_by: tuple[str, ...]
) -> RunOpened:
    """The first line.

    Args:
        run: Name of the run directory.
        began: Seconds since the epoch.
        settings: What to record, and how.
        plan: The box.
        reduced_by: Why the assurance is not full, one sentence each.
    """
    return RunOpened(
        id=run,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
        command=settings.command,
        mode=settings.mode,
        driver=settings.driver,
        tool_version=__version__,
        assurance=Assurance.REDUCED if reduced_by else Assurance.FULL,
        reduced_by=reduced_by,
        declared=tuple((item.host, item.purpose) for item in settings.declared),
        home=plan.environment["HOME"],
        cwd=plan.cwd,
        uid=plan.uid,
        resolvers=plan.network.resolvers,
        gateway_mac=plan.network.gateway_mac,
        options=settings.options,
    )


def planted(canary: Canary) -> CanaryPlanted:
    """The line of one canary."""
    return CanaryPlanted(
        id=canary.id,
        canary=canary.kind,
        value=canary.value,
        planted_in=canary.planted_in,
        context=canary.context,
    )


def manifest(run: str, began: float, settings: Settings, plan: BoxPlan, status: str) -> dict[str, Any]:
    """What `run.json` says beside the digests; `status` is how the app ended."""
    return {
        "id": run,
        "command": list(settings.command),
        "mode": settings.mode,
        "driver": settings.driver,
        "tool_version": __version__,
        "app_status": status,
        "duration_s": round(time.time() - began, 3),
        "host": {
            "kernel": platform.release(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "root": not plan.user_namespace,
        },
    }
