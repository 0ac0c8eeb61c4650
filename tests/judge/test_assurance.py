from __future__ import annotations

import pytest

from auditor.judge.assurance import shortfall
from auditor.judge.engine import judge
from auditor.judge.policy import Policy
from auditor.model.finding import Outcome
from auditor.model.run import Assurance

REASONS = ("No overlay on /home.", "No IPv6.")


@pytest.mark.parametrize(
    ("assurance", "least", "short"),
    [("full", "full", False), ("full", "reduced", False), ("reduced", "reduced", False), ("reduced", "full", True)],
)  # fmt: skip
def test_only_less_than_what_was_asked_for_is_short(assurance, least, short):
    assert bool(shortfall(Assurance(assurance), REASONS, Assurance(least))) is short


def test_the_reasons_are_told():
    text = shortfall(Assurance.REDUCED, REASONS, Assurance.FULL)
    assert text == "the assurance is reduced where full was asked for (No overlay on /home. No IPv6)"
    assert "not recorded" in shortfall(Assurance.REDUCED, (), Assurance.FULL)


def test_a_run_below_it_is_inconclusive(case, bundled):
    run = case(run__assurance=Assurance.REDUCED, run__reduced_by=REASONS)
    verdict = judge(run, bundled, Policy(min_assurance=Assurance.FULL)).verdict
    assert (verdict.outcome, verdict.exit_code) == (Outcome.INCONCLUSIVE, 3)
    assert "full was asked for (No overlay on /home. No IPv6)" in verdict.reasons[0]
    assert judge(run, bundled, Policy()).verdict.outcome is Outcome.PASS


def test_the_reason_is_in_every_verdict(case, bundled):
    run = case(run__assurance=Assurance.REDUCED, run__reduced_by=REASONS)
    assert (
        "assurance reduced (No overlay on /home. No IPv6)."
        in judge(run, bundled, Policy()).verdict.reasons[1]
    )
