"""Some of the programs in the real box: what leaks is found and quoted, what does not is not accused."""

from __future__ import annotations

import re

import leak_catalogue as catalogue
import leaks
import pytest

pytestmark = pytest.mark.box
FOUND = ("http2-ping", "dns-option", "daemon-dns", "each-line")
QUIET = ("quiet-loopback", "quiet-sessions")
MARKER = r"\[\[[a-z]{5}-[a-z]{5}-\d{4}\]\]"
QUOTED = {
    "product-crewai": ("json:$[0].role", rf'"role": "My project is called {MARKER}'),
    "product-page-view": ("json:$.p", rf'"{{\\"value\\": \\"My project is called {MARKER}'),
    "product-sentry-locals": (
        "gzip > json:$.exception.values[0].stacktrace.frames[0].vars.prompt",
        rf"\"prompt\": \"'My project is called {MARKER}",
    ),
}


@pytest.fixture
def run(tmp_path):
    def run(name):
        outcome = leaks.run(catalogue.ROWS[name], tmp_path)
        if "box cannot be built" in outcome.broken:
            pytest.skip(outcome.broken)
        assert outcome.broken == ""
        return outcome

    return run


@pytest.mark.parametrize("name", FOUND)
def test_a_leak_is_found(run, name):
    outcome = run(name)
    assert (outcome.found, outcome.verdict) == (True, "fail"), outcome.messages


@pytest.mark.parametrize("name", QUIET)
def test_a_negative_is_not_accused(run, name):
    outcome = run(name)
    assert outcome.accused == frozenset(), outcome.messages


@pytest.mark.parametrize("name", QUOTED)
def test_what_products_send_is_quoted_with_its_path(run, name):
    path, quote = QUOTED[name]
    outcome = run(name)
    (said,) = [message for message in outcome.messages if message.startswith("CAN001")]
    assert f"request body > {path}" in outcome.paths
    assert re.search(quote, said), said
