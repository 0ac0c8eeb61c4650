"""What every test shares: the rule that a suite in which no box test ran has not passed."""

from __future__ import annotations

import pytest

_ran: dict[str, bool] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "box" in report.keywords and (report.when == "call" or report.outcome == "skipped"):
        _ran[report.nodeid] = report.outcome != "skipped"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A machine that can build no box must not look like one where all is well."""
    if exitstatus == 0 and _ran and not any(_ran.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nevery test that needs the box was skipped: this run proves nothing about it")
