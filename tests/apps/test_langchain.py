"""The same script, quiet and leaking every prompt, depending on one variable."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.box, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def quiet(audited):
    return audited("langchain")


@pytest.fixture(scope="module")
def tracing(audited):
    return audited("langchain-tracing")


def test_without_tracing_it_contacts_nobody(quiet):
    assert quiet.differences == []
    assert (quiet.code, quiet.result["flows"], quiet.result["lookups"]) == (0, [], [])
    assert quiet.result["coverage"]["answer_contains_marker"] is True


def test_with_tracing_the_prompt_goes_to_the_tracing_service(tracing):
    assert tracing.differences == []
    assert tracing.code == 1
    hosts = {flow["destination"]["domain"] for flow in tracing.result["flows"]}
    assert hosts == {"api.smith.langchain.com"}


def test_the_finding_quotes_the_prompt_and_names_the_organisation(tracing):
    (leak,) = [each for each in tracing.result["findings"] if each["rule"] == "CAN001"]
    assert "[[" in leak["excerpt"]
    assert "LangChain" in leak["entity"]
    assert "api.smith.langchain.com" in tracing.result["verdict"]["sentence"]
    assert "LANGSMITH_TRACING" in leak["remedy"]
