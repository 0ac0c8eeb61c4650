from __future__ import annotations

import signal

import pytest

from auditor.errors import AuditError
from auditor.errors import BoxUnavailable
from auditor.errors import ExitCode
from auditor.errors import Interrupted
from auditor.errors import RecordingFailed
from auditor.errors import UsageError


@pytest.mark.parametrize(
    ("error", "code"), [(AuditError, 3), (UsageError, 2), (BoxUnavailable, 3), (RecordingFailed, 3)]
)
def test_an_error_says_what_and_then_the_fix(error, code):
    made = error("It broke.", fix="Mend it.")
    assert (str(made), made.exit_code) == ("It broke. Mend it.", code)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_no_error_that_somebody_handles_by_mistake(number):
    made = Interrupted(number)
    assert not isinstance(made, AuditError)
    assert made.exit_code == 128 + number
    assert str(made) == f"Ended by {number.name}."


def test_the_contract_of_exit_codes():
    assert {code.name: int(code) for code in ExitCode} == {
        "PASS": 0, "FINDING": 1, "USAGE": 2, "INCONCLUSIVE": 3, "BUG": 70, "SIGNAL_BASE": 128,
    }  # fmt: skip
