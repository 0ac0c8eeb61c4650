"""How to use a kind of app, phase by phase: start, idle, prompt, settle.

Not how an app is started or watched: a driver sees it through `auditor.drivers.stage.Stage` alone, and
returns when the app may be stopped.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.drivers.stage import Stage

DRIVERS = ("auto", "none", "manual", "argv", "stdin", "openai")
"""Names for `--driver`: each is a module here with a function `drive`."""


def driver(name: str) -> Callable[[Stage], None]:
    """The function that uses the app, which raises AuditError when the app cannot be started.

    The other drivers are not loaded: the app would wait for that.
    """
    drive: Callable[[Stage], None] = import_module(f"auditor.drivers.{name}").drive
    return drive
