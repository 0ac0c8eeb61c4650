from __future__ import annotations

from auditor.model.severity import Severity


def test_the_scale_goes_up():
    names = ("info", "low", "medium", "high", "critical")
    assert [Severity(name).rank for name in names] == [0, 1, 2, 3, 4]
    assert [str(each) for each in Severity] == list(names)
