"""What each client sends over HTTPS is read, found in header and body, and laid to the right program."""

from __future__ import annotations

import pytest

NAMES = (
    "curl", "wget", "node-fetch", "node-https", "git", "chromium", "java-oldest", "java-newest", "requests",
    "httpx", "aiohttp", "urllib3", "uv",
)  # fmt: skip
pytestmark = pytest.mark.box


@pytest.fixture(params=NAMES)
def case(request, clients, sent):
    """A client, and its flows."""
    one = clients[request.param]
    if one.missing:
        pytest.skip(one.missing)
    flows = [
        flow for flow in sent.result["flows"] if flow["destination"]["domain"] == f"{one.name}.client.example"
    ]
    said = (sent.run / "app.log").read_text(errors="replace")
    assert flows, f"{one.name} was not seen\n{said}"
    return one, flows


def test_all_of_them_are_tried(clients):
    assert tuple(clients) == NAMES


def test_its_https_is_decrypted(case):
    one, flows = case
    assert {flow["visibility"] for flow in flows} == {"decrypted"}, flows
    assert {flow["sni"] for flow in flows} == {f"{one.name}.client.example"}


def test_it_is_named(case):
    one, flows = case
    assert {flow["process"]["executable"] for flow in flows} == {one.executable}
    assert {flow["process"]["attribution"] for flow in flows} == {"cookie"}


def test_what_it_sends_is_found(case, sent):
    one, flows = case
    mine = {flow["id"] for flow in flows}
    (prompt,) = (each for each in sent.result["canaries"] if each["id"] == "prompt-1")
    places = {found["where"] for found in prompt["found"] if found["flow"] in mine}
    assert any("header" in place for place in places), places
    assert not one.in_body or any("body" in place for place in places), places


def test_the_run_was_seen_whole(sent):
    assert sent.result["coverage"]["packets"]["dropped"] == 0
    assert sent.code == 1, sent.err
