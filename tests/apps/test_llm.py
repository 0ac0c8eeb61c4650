"""A well-behaved command line tool with a model on loopback: no contact at all."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.box, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def quiet(audited):
    return audited("llm")


def test_it_contacts_nobody(quiet):
    assert quiet.differences == []
    assert (quiet.code, quiet.result["flows"], quiet.result["lookups"]) == (0, [], [])


def test_the_real_model_answered(quiet):
    assert quiet.result["coverage"]["answered"] is True
    assert quiet.result["coverage"]["answer_contains_marker"] is True


def test_it_keeps_a_log_of_what_was_typed(quiet):
    saved = [each["path"] for each in quiet.result["files"] if each["canaries"]]
    assert [path.rsplit("/", 1)[1] for path in saved] == ["logs.db"]
    assert "SAV001" in {each["rule"] for each in quiet.result["findings"]}
