"""An app that speaks every protocol badly takes nothing down: what it says well afterwards is still read."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.box

TIMES = 400


@pytest.fixture(scope="module")
def ended(audit):
    return audit.app("hostile_bytes.py", 20261121, TIMES, options=("--driver", "none", "--settle", 120))


def test_what_comes_afterwards_is_read(ended):
    assert "done" in (ended.run / "app.log").read_text(), ended.err
    (last,) = (flow for flow in ended.result["flows"] if flow["destination"]["domain"] == "after.example")
    assert last["visibility"] == "decrypted"
    assert [(each["method"], each["status"]) for each in last["requests"]] == [("POST", 200)]


def test_nothing_of_ours_broke(ended):
    entries = map(json.loads, (ended.run / "events.jsonl").read_text().splitlines())
    assert [entry["text"] for entry in entries if entry["kind"] == "gap.noted"] == []
    assert all(each["seen"] and each["attributed"] for each in ended.result["coverage"]["controls"])
    assert ended.result["coverage"]["ledger"]["unaccounted"] == 0
    assert "Traceback" not in ended.err
