from __future__ import annotations

from auditor.judge.policy import Policy
from auditor.model.severity import Severity


def test_a_high_finding_fails_a_run_unless_the_user_says_otherwise():
    assert Policy().fail_on is Severity.HIGH
