"""Audits of real apps, each installed once from its registry into `.apps/`."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A real app's audit, compared with what is known of the app."""

    code: int
    result: dict[str, Any]
    differences: list[str]
    """What the report says otherwise than it should."""


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Audited]:
    sys.path.insert(0, str(PROJECT / "fixtures" / "apps" / "real"))
    import audits
    import catalogue

    sys.path.pop(0)
    apps = {app.name: app for app in catalogue.APPS}

    def audit(name: str) -> Audited:
        app = apps[name]
        folder = PROJECT / ".apps"
        folder.mkdir(exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests in other processes may want the same environment
            try:
                python = audits.install(app, folder)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"{', '.join(app.packages)} cannot be installed here, see pip above: {error}")
        try:
            code, result = audits.audit(app, python, tmp_path_factory.mktemp("app") / "run")
        except SystemExit as error:
            if "The box cannot be built" in str(error):
                pytest.skip(str(error))
            raise
        return Audited(code=code, result=result, differences=audits.differences(app, python, code, result))

    return audit
