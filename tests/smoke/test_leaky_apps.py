"""Each way that words leave a machine is found, quoted, and laid to the program that did it."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter

import pytest

pytestmark = pytest.mark.box

PYTHON = os.path.realpath(sys.executable)
MARKER = re.compile(r"[a-z]{5}-[a-z]{5}-\d{4}")


@pytest.fixture(scope="module")
def leaky(audit):
    return audit.app("leaky_argv.py", "{prompt}")


@pytest.fixture(scope="module")
def daemon(audit):
    return audit.app("daemon_leak.py", "{prompt}", options=("--settle", 8))


def finding(ended, rule):
    found = [each for each in ended.result["findings"] if each["rule"] == rule]
    assert found, f"no {rule} among {ended.rules}\n{ended.out}"
    return found[0]


def test_a_posted_prompt_fails_the_run(leaky):
    assert leaky.code == 1
    assert (
        leaky.result["verdict"]["sentence"]
        == "What was typed into leaky_argv.py was sent to collect.leaky.example."
    )
    assert "CAN001" in leaky.out


def test_it_is_quoted_with_who_and_where_and_when(leaky):
    found = finding(leaky, "CAN001")
    assert MARKER.fullmatch(re.search(r"\[\[(.*?)\]\]", found["excerpt"])[1])
    assert found["process"]["executable"] == PYTHON
    assert found["process"]["argv"][1:3] == ["-B", "leaky_argv.py"]
    assert (found["destination"]["domain"], found["destination"]["port"]) == ("collect.leaky.example", 443)
    assert (found["severity"], found["phase"]) == ("critical", "prompt")
    assert found["remedy"]
    for ref in found["evidence"]:
        name, _, line = ref.partition(":")
        assert (leaky.run / name).read_bytes().count(b"\n") >= int(line or 0)


def test_the_flow_was_read_through_its_encryption(leaky):
    (flow,) = leaky.result["flows"]
    assert (flow["transport"], flow["visibility"], flow["sni"]) == (
        "tcp",
        "decrypted",
        "collect.leaky.example",
    )
    assert flow["process"]["attribution"] == "cookie"
    assert [(each["method"], each["url"]) for each in flow["requests"]] == [
        ("POST", "https://collect.leaky.example/v1/events")
    ]
    assert flow["purpose"] == "prompt-leak"
    assert flow["canaries"] == ["prompt-1"]
    assert {each["name"] for each in leaky.result["lookups"]} == {"collect.leaky.example"}


def test_a_prompt_hidden_in_names_is_found(audit):
    # The marker first, so that one name holds it whole.
    ended = audit.app("dns_leak.py", "{prompt}", options=("--prompt", "{canary}: what is that?"))
    found = finding(ended, "CAN002")
    assert ended.code == 1
    assert found["destination"]["domain"].endswith(".t.leaky.example")
    assert found["process"]["executable"] == PYTHON
    assert ended.result["flows"] == []
    assert "leaky.example" in ended.result["verdict"]["sentence"]


def test_a_daemon_that_leaks_later_is_found_and_laid_to_itself(daemon):
    found = finding(daemon, "CAN001")
    assert (daemon.code, found["phase"]) == (1, "settle")
    assert found["destination"]["domain"] == "later.leaky.example"
    assert found["process"]["executable"] == PYTHON
    assert found["process"]["attribution"] == "cookie"


def test_its_ancestry_leads_back_to_the_command(daemon):
    # Both of its forebears have ended when it sends.
    (flow,) = daemon.result["flows"]
    processes = {each["pid"]: each for each in daemon.result["processes"]}
    assert flow["process"]["ancestry"], processes
    assert set(flow["process"]["ancestry"]) == {PYTHON}
    assert "daemon_leak.py" in processes[flow["process"]["pid"]]["argv"]


def test_saved_prompts_are_found_in_every_file(audit):
    ended = audit.app("saves_prompt.py", "{prompt}")
    saved = {os.path.basename(each["path"]): each for each in ended.result["files"] if each["canaries"]}
    assert set(saved) == {"last.json", "log.gz", "history.sqlite"}
    assert ended.code == 0  # below the default --fail-on
    assert finding(ended, "SAV001")["severity"] == "medium"
    assert not os.path.exists(os.path.expanduser("~/.cache/saves-prompt"))


def test_saved_prompts_fail_the_run_when_asked_to(audit):
    ended = audit.app("saves_prompt.py", "{prompt}", options=("--fail-on", "medium"))
    assert ended.code == 1
    assert "SAV001" in ended.reasons


def test_an_open_listener_is_found(audit):
    ended = audit.app("open_listener.py", 8486, 2, options=("--driver", "none"))
    found = finding(ended, "EXP001")
    assert ended.code == 1
    assert found["process"]["executable"] == PYTHON
    (listener,) = ended.result["listeners"]
    assert (listener["address"], listener["port"], listener["exposure"]) == (
        "0.0.0.0",
        8486,
        "all-interfaces",
    )


def test_two_thousand_short_connections_are_all_seen_and_attributed(audit):
    # The settling ends with the app, however slow the machine is.
    ended = audit.app("many_connections.py", 2000, options=("--driver", "none", "--settle", 120))
    flows = ended.result["flows"]
    assert len(flows) == 2000
    assert Counter(each["process"]["executable"] for each in flows) == {PYTHON: 2000}
    assert Counter(each["process"]["attribution"] for each in flows) == {"cookie": 2000}
    assert Counter(bool(each["bytes_out"]) for each in flows) == {True: 1000, False: 1000}
    coverage = ended.result["coverage"]
    assert (coverage["flows"]["total"], coverage["flows"]["attributed"]) == (2000, 2000)
    assert coverage["packets"]["dropped"] == 0


def test_with_the_cable_pulled_nothing_is_sent_and_the_wish_is_seen(audit):
    ended = audit.app("leaky_argv.py", "{prompt}", options=("--mode", "offline"))
    assert ended.result["run"]["mode"] == "offline"
    assert ended.result["flows"] == []
    assert {each["name"] for each in ended.result["lookups"]} == {"collect.leaky.example"}
    assert ended.rules == {"EGR002"}
    assert {each["channel"] for each in ended.result["coverage"]["controls"]} == {"dns", "unix", "file"}


def test_a_declared_host_may_have_the_prompt_and_the_report_says_that_it_did(audit):
    options = ("--allow", "collect.leaky.example=cloud-inference")
    ended = audit.app("leaky_argv.py", "{prompt}", options=options)
    assert ended.code == 0, ended.out
    assert "CAN001" not in ended.rules
    assert "EGR001" not in ended.rules
    assert finding(ended, "CAN006")["severity"] == "medium"
    assert ended.result["flows"][0]["declared"] is True
    assert ended.result["verdict"]["sentence"] == (
        "What was typed into leaky_argv.py was sent to collect.leaky.example, which was accepted."
    )


def test_a_host_declared_for_something_else_may_not(audit):
    options = ("--allow", "collect.leaky.example=update-check")
    ended = audit.app("leaky_argv.py", "{prompt}", options=options)
    assert (ended.code, "CAN001" in ended.rules) == (1, True)


def test_a_leaking_chat_in_the_terminal_is_named_with_every_prompt(audit):
    ended = audit.app("stdin_chat.py", "--leak")
    assert ended.code == 1
    assert {canary for flow in ended.result["flows"] for canary in flow["canaries"]} == {
        "prompt-1",
        "prompt-2",
        "prompt-3",
    }
