"""Two audits at the same time on one machine: each sees its own app alone, and both end as if they were alone."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from auditor.evidence import store

pytestmark = pytest.mark.box

NAMES = ("anna", "bert")
MARKER = re.compile(r"[a-z]{5}-[a-z]{5}-\d{4}")
SHARED = Path("/tmp/neighbour.txt")


@pytest.fixture(scope="module")
def both(audit):
    before = set(os.listdir("/sys/class/net"))
    options = ("--no-reference", "--settle", 1, "--out", "{run}")
    running = [
        audit.start("run", *options, "--", sys.executable, "-B", "neighbour.py", name, "{prompt}")
        for name in NAMES
    ]
    ended = [each.end() for each in running]
    assert set(os.listdir("/sys/class/net")) == before
    return dict(zip(NAMES, ended, strict=True))


def test_they_ran_at_the_same_time(both):
    spans = [(run["started"], run["duration_s"]) for run in (each.result["run"] for each in both.values())]
    times = sorted(entry["t"] for each in both.values() for entry in _phases(each, "prompt"))
    assert times[1] - times[0] < 3, spans  # the app of each takes longer


@pytest.mark.parametrize("name", NAMES)
def test_each_has_its_own_flows_and_all_of_them(both, name):
    ended = both[name]
    assert ended.code == 1, ended.err
    flows = ended.result["flows"]
    domains = [flow["destination"]["domain"] for flow in flows]
    assert domains.count(f"{name}.neighbour.example") == 1
    assert domains.count("") == 30
    assert len(flows) == 31
    assert {"neighbour.py", name} <= {word for flow in flows for word in flow["process"]["argv"]}
    assert {lookup["name"] for lookup in ended.result["lookups"]} == {f"{name}.neighbour.example"}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_other_is_in_its_journal(both, name):
    (other,) = set(NAMES) - {name}
    mine = MARKER.search(_prompt(both[name]))[0]
    theirs = MARKER.search(_prompt(both[other]))[0]
    text = (
        both[name].run.joinpath("events.jsonl").read_text() + both[name].run.joinpath("app.log").read_text()
    )
    assert mine in text
    assert theirs not in text
    assert f"{other}.neighbour" not in text


@pytest.mark.parametrize("name", NAMES)
def test_the_app_itself_met_nobody(both, name):
    assert "neighbours met: [] []" in both[name].run.joinpath("app.log").read_text()
    assert not SHARED.exists()


@pytest.mark.parametrize("name", NAMES)
def test_each_is_sealed_and_whole(both, name):
    directory = store.open_run(both[name].run)
    assert directory.sealed
    assert store.verify(directory) == ()
    assert both[name].result["coverage"]["packets"]["dropped"] == 0
    assert all(each["seen"] and each["attributed"] for each in both[name].result["coverage"]["controls"])


def _phases(ended, name):
    lines = ended.run.joinpath("events.jsonl").read_text().splitlines()
    return [
        entry for entry in map(json.loads, lines) if entry["kind"] == "phase.began" and entry["name"] == name
    ]


def _prompt(ended):
    (flow,) = (flow for flow in ended.result["flows"] if flow["destination"]["domain"])
    (prompt,) = (word for word in flow["process"]["argv"] if MARKER.search(word))
    return prompt
