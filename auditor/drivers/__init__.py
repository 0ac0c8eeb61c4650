"""How to use a kind of app, phase by phase: start, idle, prompt, settle.

Not how an app is started or watched: a driver sees it through `auditor.drivers.stage.Stage` alone, and
returns when the app may be stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.drivers import argv
from auditor.drivers import auto
from auditor.drivers import manual
from auditor.drivers import none
from auditor.drivers import openai
from auditor.drivers import stdin

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.drivers.stage import Stage

DRIVERS: dict[str, Callable[[Stage], None]] = {
    "auto": auto.drive,
    "none": none.drive,
    "manual": manual.drive,
    "argv": argv.drive,
    "stdin": stdin.drive,
    "openai": openai.drive,
}
"""`--driver NAME` to the function that uses the app; raises AuditError when the app cannot be started."""
