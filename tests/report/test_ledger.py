from __future__ import annotations

import dataclasses

import pytest

from auditor.model.finding import Outcome
from auditor.report.ledger import ledger
from auditor.report.ledger import not_judged
from auditor.report.result import build_result


def outcomes(result):
    return {row.label: row.outcome for row in ledger(result)}


def test_numbers_of_a_complete_recording(passing):
    values = {row.label: row.value for row in ledger(passing)}
    assert values["Test signals of our own"] == "before the app 5 of 5 observed; after it 5 of 5 observed"
    assert values["Packets"] == "1,204 captured, 0 dropped"
    assert values["Frames on the wire"] == "1,695 left the box, 0 unaccounted"
    assert Outcome.INCONCLUSIVE not in outcomes(passing).values()


def test_what_is_missing_is_called_incomplete(failing):
    seen = outcomes(failing)
    assert seen["Contacts traced to a process"] is Outcome.INCONCLUSIVE
    assert seen["Contacts whose content was read"] is Outcome.INCONCLUSIVE
    assert seen["Packets"] is Outcome.PASS


def test_a_blind_recording_is_incomplete_where_it_was_blind(cases):
    seen = outcomes(build_result(*cases["inconclusive"]))
    blind = {label for label, outcome in seen.items() if outcome is Outcome.INCONCLUSIVE}
    assert blind == {
        "Test signals of our own", "Packets", "Proof that the prompt was run", "The box", "Time watched",
    }  # fmt: skip


def test_an_empty_recording_never_looks_complete(cases):
    seen = outcomes(build_result(*cases["empty"]))
    assert {label for label, outcome in seen.items() if outcome is Outcome.PASS} == {"The box"}


@pytest.mark.parametrize(
    ("changes", "value", "outcome"),
    [
        ({"prompted": False}, "nothing was typed", Outcome.NOT_TESTED),
        ({"answer_contains_marker": None}, "an answer came; the user vouched for it", Outcome.PASS),
        ({"answer_contains_marker": False}, "an answer came, without the marker", Outcome.INCONCLUSIVE),
        ({"answer_contains_marker": False, "answered": False}, "no answer came", Outcome.INCONCLUSIVE),
    ],
)
def test_proof_that_the_prompt_was_run(passing, changes, value, outcome):
    changed = dataclasses.replace(passing, coverage=dataclasses.replace(passing.coverage, **changes))
    row = next(row for row in ledger(changed) if row.label == "Proof that the prompt was run")
    assert (row.value, row.outcome) == (value, outcome)


def test_what_was_not_judged_is_counted(failing, passing):
    assert not_judged(failing) == "2 rules and 2 principles"
    assert not_judged(passing) == ""
