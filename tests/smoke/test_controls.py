"""Both rounds of the positive control in whole recordings: what they prove, what they leave behind."""

from __future__ import annotations

import json
from collections import Counter

import pytest

pytestmark = pytest.mark.box


@pytest.fixture(scope="module")
def quiet(audit):
    """A program that looks for our traces, and does nothing else."""
    return audit.app("looks_around.py", options=("--driver", "none"))


def test_every_channel_is_proven_before_the_app_and_after_it(quiet):
    controls = quiet.result["coverage"]["controls"]
    rounds = Counter(each["round"] for each in controls)
    assert rounds["before"] == rounds["after"] > 13
    for each in controls:
        assert each["seen"], each
        assert each["attributed"], each
        assert each["decoded"] in (True, None), each
    understood = {each["channel"] for each in controls if each["decoded"]}
    assert understood == {"dns", "dns-tcp", "http", "https", "h2", "websocket", "quic"}
    assert quiet.code == 0, quiet.out


def test_the_app_meets_nothing_of_it(quiet):
    seen = json.loads((quiet.run / "app.log").read_text())
    assert seen["processes"] == 2  # the box's first, and itself
    values = [
        line["value"]
        for line in lines(quiet)
        if line["kind"] == "canary.planted" and line["canary"] == "control"
    ]
    assert len(values) > 26
    assert [name for name in seen["files"] for value in values if value in name] == []


def test_nothing_of_it_is_laid_to_the_app(quiet):
    result = quiet.result
    assert result["flows"] == result["lookups"] == result["files"] == result["attempts"] == []
    assert {each["executable"] for each in result["processes"]} == {result["processes"][0]["executable"]}
    assert "contact" not in quiet.err


def test_the_first_round_is_over_before_the_app_begins(quiet):
    phases = [(line["name"], line["mono"]) for line in lines(quiet) if line["kind"] == "phase.began"]
    assert [name for name, _ in phases][:2] == ["control", "start"]
    began = phases[1][1]
    sends = [
        line["mono"]
        for line in lines(quiet)
        if line["kind"] in ("socket.call", "file.touched") and line["role"] == "control"
    ]
    assert [at for at in sends if at < began]
    again = next(at for name, at in phases[2:] if name == "control")
    assert [at for at in sends if began <= at < again] == []


def test_the_report_shows_both_rounds(quiet):
    assert "before the app" in quiet.out or "control channels proven" in quiet.out
    page = (quiet.run / "report.html").read_text()
    assert "Before the app was started" in page
    assert "After the app had ended" in page


def test_offline_a_shorter_list_is_proven(audit):
    ended = audit.app("looks_around.py", options=("--driver", "none", "--mode", "offline"))
    controls = ended.result["coverage"]["controls"]
    assert {each["channel"] for each in controls} == {"dns", "unix", "file"}
    assert all(each["seen"] and each["attributed"] for each in controls), controls
    assert ended.code == 0, ended.out


def lines(ended):
    return [json.loads(line) for line in (ended.run / "events.jsonl").read_text().splitlines()]
