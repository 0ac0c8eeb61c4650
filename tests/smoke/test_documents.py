"""Part of a document, and what a model answered: found when they leave, each as what it is."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.box


@pytest.fixture(scope="module")
def summary(audit):
    return audit.app("summarises.py", "{document_file}", options=("--driver", "argv"))


def test_a_third_of_a_document_is_a_leak_and_says_how_much_it_was(summary):
    assert summary.code == 1, summary.out
    (found,) = [
        each
        for each in summary.result["findings"]
        if each["rule"] == "CAN001" and each["destination"]["domain"] == "index.summary.example"
    ]
    assert " of 25 sentences in " in found["message"]
    (canary,) = [each for each in summary.result["canaries"] if each["id"] == "document"]
    number = int(canary["found"][0]["extent"].split()[0])
    assert 5 <= number <= 10


def test_what_a_stand_in_answered_is_told_when_it_is_passed_on(summary):
    leaks = [each for each in summary.result["findings"] if each["rule"] == "CAN004"]
    assert [each["destination"]["domain"] for each in leaks] == ["traces.summary.example"]
    (flow,) = [each for each in summary.result["flows"] if each["sni"] == "traces.summary.example"]
    assert flow["purpose"] == "response-leak"


def test_the_document_counts_as_typed_and_its_file_as_ours(summary):
    assert summary.result["coverage"]["answer_contains_marker"] is True
    assert summary.result["files"] == []
