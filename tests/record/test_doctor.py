"""What the doctor says of a box that was, or was not, built. That it builds one is in `tests/smoke`."""

from __future__ import annotations

import errno

import pytest

from auditor.record import doctor
from auditor.sandbox.steps import STEPS
from auditor.sandbox.steps import failure

NAMES = [step.name for step in STEPS]


def test_everything_that_was_reached_is_fine():
    checks = list(doctor._box_checks(NAMES, None, ()))
    assert [(check.name, check.outcome) for check in checks] == [(name, "ok") for name in NAMES]


@pytest.mark.parametrize("at", range(len(NAMES)))
def test_the_first_step_that_fails_has_the_fix_and_the_rest_was_not_tried(at, monkeypatch):
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    problem = failure(NAMES[at], errno.EPERM, "Operation not permitted")
    checks = list(doctor._box_checks(NAMES[: at + 1], problem, ()))
    outcomes = [check.outcome for check in checks]
    assert outcomes == ["ok"] * at + ["missing"] + ["not tried"] * (len(NAMES) - at - 1)
    assert (checks[at].fix, checks[at].detail) == (problem.fix, problem.what)
    assert checks[at].fix


def test_root_needs_no_user_namespace(monkeypatch):
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 0)
    checks = {check.name: check for check in doctor._box_checks([], None, ())}
    assert (checks["user-namespace"].outcome, checks["veth"].outcome) == ("ok", "not tried")


def test_what_reduces_the_assurance_is_said():
    checks = list(doctor._box_checks(NAMES, None, ("Changes below /x are not recorded everywhere.",)))
    assert [check.detail for check in checks if check.outcome == "reduced"] == [
        "Changes below /x are not recorded everywhere."
    ]


def test_what_helps_beside_the_box_is_never_missing(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda _name: None)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda _name: None)
    checks = [doctor._engine_check(), *doctor._extra_checks()]
    assert {check.outcome for check in checks} == {"reduced"}
    assert all(check.fix for check in checks)
