"""Apps that keep everything to themselves pass, and the pass rests on proof."""

from __future__ import annotations

import os

import pytest

from auditor.evidence import store

pytestmark = pytest.mark.box


@pytest.fixture(scope="module")
def one_shot(audit):
    """A whole audit with everything in it, the reference too."""
    return audit.start_app("quiet_argv.py", "{prompt}").end()


@pytest.fixture(scope="module")
def server(audit):
    return audit.app("quiet_chat.py")


@pytest.fixture(scope="module")
def terminal(audit):
    return audit.app("stdin_chat.py")


def test_it_passes(one_shot):
    assert one_shot.code == 0, one_shot.out
    assert one_shot.result["verdict"]["outcome"] == "pass"
    assert one_shot.result["verdict"]["sentence"].startswith(
        "What was typed into quiet_argv.py was not observed leaving it"
    )
    assert one_shot.result["run"]["assurance"] == "full", one_shot.result["run"]["reduced_by"]
    assert one_shot.result["run"]["app_status"] == "exit 0"


def test_nothing_was_seen(one_shot):
    result = one_shot.result
    assert (result["flows"], result["lookups"], result["listeners"]) == ([], [], [])
    assert [each for each in result["canaries"] if each["found"]] == []
    assert one_shot.rules == set()


def test_every_control_was_seen_and_laid_to_its_process(one_shot):
    controls = one_shot.result["coverage"]["controls"]
    assert {(each["round"], each["channel"]) for each in controls} >= {
        (moment, channel)
        for moment in ("before", "after")
        for channel in (
            "dns",
            "dns-tcp",
            "tcp",
            "udp",
            "http",
            "https",
            "h2",
            "websocket",
            "quic",
            "child",
            "file",
        )
    }
    assert all(each["seen"] and each["attributed"] for each in controls), controls
    assert one_shot.result["coverage"]["packets"]["captured"] > 0
    assert one_shot.result["coverage"]["packets"]["dropped"] == 0


def test_the_reference_ran_and_is_silent(one_shot):
    reference = one_shot.result["reference"]
    assert (reference["flows"], reference["lookups"], reference["files"], reference["canaries_found"]) == (
        0,
        0,
        0,
        0,
    )
    assert reference["prompts"] == 3
    assert reference["tokens_per_second"] > 0
    assert reference["model_sha256"]


def test_the_answer_proved_that_the_prompt_was_run(one_shot):
    coverage = one_shot.result["coverage"]
    assert (coverage["answered"], coverage["answer_contains_marker"]) == (True, True)


def test_the_run_directory_is_private_complete_and_unchanged(one_shot):
    names = {"run.json", "events.jsonl", "packets.pcapng", "tls.keys", "bodies", "files", "app.log"}
    assert names | {"result.json", "report.html"} == set(os.listdir(one_shot.run))
    assert one_shot.run.stat().st_mode & 0o777 == 0o700
    assert (one_shot.run / "tls.keys").stat().st_mode & 0o777 == 0o600
    assert store.verify(store.RunDirectory(one_shot.run)) == ()
    assert b"You mean" in (one_shot.run / "app.log").read_bytes()


def test_it_is_told_on_standard_output_and_progress_on_standard_error(one_shot):
    assert "pass (exit 0)" in one_shot.out
    assert str(one_shot.run / "report.html") in one_shot.out.replace("\n", "")
    said = [line.split()[0] for line in one_shot.err.splitlines()]
    assert said == ["control", "prompt", "settle", "stop", "control", "reference"]


def test_judging_again_says_the_same(audit, one_shot):
    before = one_shot.result
    again = audit("judge", one_shot.run, "--format", "json")
    assert again.code == 0
    assert '"outcome": "pass"' in again.out
    assert one_shot.result == before


def test_a_chat_server_is_found_and_used(server):
    assert server.code == 0, server.out
    assert "Found an OpenAI-compatible API on port 8485" in server.err
    assert server.result["coverage"]["answer_contains_marker"] is True
    assert "answered 3 prompts" in server.reasons


def test_its_loopback_port_is_listed_and_no_finding(server):
    listeners = {(each["address"], each["port"]) for each in server.result["listeners"]}
    assert ("127.0.0.1", 8485) in listeners
    assert {address for address, _ in listeners} == {"127.0.0.1"}  # its engine has a port of its own
    assert server.rules == set()


def test_a_chat_in_the_terminal_is_found_and_used(terminal):
    assert terminal.code == 0, terminal.out
    assert "The app reads its standard input." in terminal.err
    assert "answered 3 prompts" in terminal.reasons
    assert [each["name"] for each in terminal.result["run"]["phases"]][:6] == [
        "control",
        "start",
        "idle",
        "prompt",
        "settle",
        "stop",
    ]


def test_nothing_that_the_tool_made_is_left_beside_the_run_directory(one_shot):
    assert set(os.listdir(one_shot.run.parent)) == {"run", "out", "err"}
