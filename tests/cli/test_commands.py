"""The commands as a user calls them, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys

import jsonschema
import pytest

from auditor.cli import stages
from auditor.evidence import store
from auditor.evidence.journal import Journal
from auditor.model.observation import RunOpened

APP = (sys.executable, "-B", "leaky_argv.py", "{prompt}")


@pytest.fixture(scope="module")
def recorded(audit):
    """A recording that was not judged."""
    return audit("record", "--out", "{run}", "--no-reference", "--settle", 0.5, "--", *APP)


@pytest.fixture
def copy(recorded, tmp_path):
    return shutil.copytree(recorded.run, tmp_path / "run")


@pytest.mark.box
def test_record_only_records_and_says_where(recorded):
    assert recorded.code == 0, recorded.err
    assert recorded.out == f"{recorded.run}\n"
    names = {path.name for path in recorded.run.iterdir()}
    assert {"run.json", "events.jsonl"} <= names
    assert {"result.json", "report.html"}.isdisjoint(names)


@pytest.mark.box
@pytest.mark.parametrize("command", ["judge", "report"])
def test_an_old_recording_is_judged_and_reported(audit, copy, command):
    ended = audit(command, copy)
    assert ended.code == 1
    assert "CAN001" in ended.out
    assert {"result.json", "report.html"} <= {path.name for path in copy.iterdir()}


@pytest.mark.box
def test_formats_go_to_files_and_one_to_the_screen(audit, copy, tmp_path):
    html, console = tmp_path / "x.html", tmp_path / "x.txt"
    ended = audit(
        "judge", copy, "--format", "json", "--format", f"html={html}", "--format", f"console={console}"
    )
    assert json.loads(ended.out) == json.loads((copy / "result.json").read_text())
    assert html.read_text().lower().startswith("<!doctype html>")
    assert "CAN001" in console.read_text()
    schema = json.loads(audit("schema", "result").out)
    jsonschema.validate(json.loads(ended.out), schema)


@pytest.mark.box
def test_a_file_that_cannot_be_written(audit, copy):
    ended = audit("judge", copy, "--format", "json=/no/such/folder/x.json")
    assert ended.code == 2
    assert "/no/such/folder/x.json cannot be written: No such file or directory." in ended.err


@pytest.mark.box
def test_accepted_severities_do_not_fail(audit, copy):
    # Without the canary only the contact itself is left, which is high.
    lines = (copy / "events.jsonl").read_text().splitlines(keepends=True)
    (copy / "events.jsonl").write_text("".join(line for line in lines if '"canary":"prompt"' not in line))
    store.seal(store.RunDirectory(copy), {})
    assert audit("judge", copy, "--fail-on", "high").code == 1
    assert audit("judge", copy, "--fail-on", "critical").code in (0, 3)


@pytest.mark.box
@pytest.mark.parametrize("name", ["events.jsonl", "app.log", "packets.pcapng"])
def test_altered_evidence_proves_nothing(audit, copy, name):
    with (copy / name).open("ab") as file:
        file.write(b"\n")
    ended = audit("judge", copy)
    assert ended.code == 3
    assert f"the evidence was altered after the recording: {name} not as sealed in run.json" in " ".join(
        ended.out.split()
    )
    assert json.loads((copy / "result.json").read_text())["run"]["altered"] == [name]


@pytest.mark.box
@pytest.mark.parametrize(("least", "code"), [("full", 3), ("reduced", 1)])
def test_less_assurance_than_was_asked_for(audit, copy, least, code):
    # As on a machine without overlays: the journal says so in its first line.
    text = (copy / "events.jsonl").read_text()
    assert '"assurance":"full","reduced_by":[]' in text
    text = text.replace(
        '"assurance":"full","reduced_by":[]', '"assurance":"reduced","reduced_by":["No overlay."]'
    )
    lines = [
        line
        for line in text.splitlines(keepends=True)
        if least == "reduced" or '"canary.planted"' not in line
    ]
    (copy / "events.jsonl").write_text("".join(lines))
    store.seal(store.RunDirectory(copy), {})
    rest = ("--fail-on", "critical") if least == "full" else ()
    ended = audit("judge", copy, "--min-assurance", least, *rest)
    assert ended.code == code, ended.out
    told = " ".join(ended.out.split())
    assert "reduced assurance" in told
    assert "assurance reduced (No overlay)." in told
    assert ("the assurance is reduced where full was asked for (No overlay)" in told) is (least == "full")
    page = (copy / "report.html").read_text()
    assert "reduced assurance: No overlay." in page


@pytest.mark.parametrize(
    ("assurance", "least", "code"), [("full", "full", 0), ("reduced", "reduced", 0), ("reduced", "full", 3)]
)
def test_a_recording_with_less_assurance_is_kept_and_told(tmp_path, capsys, assurance, least, code):
    directory = store.create(tmp_path / "run")
    with contextlib.closing(Journal(directory.events)) as journal:
        journal.write("record", RunOpened(
            id="x", started="", command=("app",), mode="sinkhole", driver="none", tool_version="0",
            assurance=assurance, reduced_by=() if assurance == "full" else ("No overlay on /home.",),
        ))  # fmt: skip
    assert stages.check_assurance(directory, least) == code
    told = capsys.readouterr().err
    assert ("reduced where full was asked for (No overlay on /home)." in told) is bool(code)
    assert ("audit doctor" in told) is bool(code)


@pytest.mark.box
def test_rules_of_ones_own_are_used(audit, copy, tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "EGR901-contacts-example.yaml").write_text(RULE)
    ended = audit("judge", copy, "--rules", folder, "--format", "json")
    found = {each["rule"]: each for each in json.loads(ended.out)["findings"]}
    assert found["EGR901"]["message"].startswith("python")


@pytest.mark.box
def test_a_journal_that_is_broken_is_told(audit, copy):
    lines = (copy / "events.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "events.jsonl").write_bytes(b"".join([*lines[:3], b"broken\n", *lines[3:]]))
    ended = audit("judge", copy)
    assert ended.code == 2
    assert "events.jsonl:4:" in ended.err


def test_every_rule_is_listed(audit):
    ended = audit("rules", "list")
    ids = [line.split()[0] for line in ended.out.splitlines()]
    assert ended.code == 0
    assert ids == sorted(ids)
    assert {"CAN001", "EGR001", "TEL001", "EXP001"} <= set(ids)


@pytest.mark.parametrize("words", [("rules", "show", "can001"), ("explain", "CAN001")])
def test_a_rule_is_explained(audit, words):
    ended = audit(*words)
    assert ended.code == 0
    assert "CAN001" in ended.out
    assert "The app sends what you type to another machine." in ended.out


def test_bundled_rules_pass_their_own_tests(audit):
    ended = audit("rules", "check")
    assert ended.code == 0, ended.err
    assert ended.out.endswith(" 0 problems\n")


def test_a_rule_that_fails_its_own_test_is_named(audit, tmp_path):
    (tmp_path / "EGR901-contacts-example.yaml").write_text(RULE.replace("a.test", "b.example"))
    ended = audit("rules", "check", tmp_path)
    assert ended.code == 2
    assert "EGR901-contacts-example.yaml:" in ended.err
    assert ended.out.endswith(" 1 problems\n")


RULE = """\
id: EGR901
name: contacts-example
title: Contacts the example host
lifecycle: experimental
severity: medium
confidence: high
why: A reader loses something.
remedy: Turn it off.
references: [RFC 6973]
tags: [egress]
principles: [1]
needs: [flows]
each: flow
detect:
  example:
    destination.domain|endswith: .example
  condition: example
fingerprint: [process.name, audit.destination.site]
message: "{audit.process.label} contacted {destination.address}"
tests:
  - name: a host
    given: {destination.domain: a.example, destination.port: 443}
    expect: fail
  - name: another host
    given: {destination.domain: a.test, destination.port: 443}
    expect: pass
"""
