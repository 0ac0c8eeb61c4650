"""Apps that nobody types into, and apps that a person uses."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.box


@pytest.fixture(scope="module")
def untyped(audit):
    return audit.app("stdin_chat.py", options=("--driver", "none"))


@pytest.fixture(scope="module")
def used_by_hand(audit):
    """A published server, two of its prompts asked from outside, and Ctrl-C at the end of the use."""
    port = free_port()
    options = ("--no-reference", "--driver", "manual", "--publish", f"8485:{port}")
    running = audit.start_app("quiet_chat.py", options=options)
    running.wait_for("then press Ctrl-C")
    running.wait_for("Please repeat this code word:")
    prompts = [entry["text"] for entry in running.entries() if entry["kind"] == "prompt.sent"]
    answers = [ask(port, prompt) for prompt in prompts[:2]]
    running.process.send_signal(2)
    return running.end(), port, prompts, answers


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ask(port: int, prompt: str, timeout_s: float = 20) -> str:
    """One question to the published port, as soon as the app listens behind it."""
    body = json.dumps({"messages": [{"role": "user", "content": prompt}], "max_tokens": 60}).encode()
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/v1/chat/completions", body, timeout=10
            ) as answer:
                return json.load(answer)["choices"][0]["message"]["content"]
        except (OSError, urllib.error.URLError):
            assert time.monotonic() < deadline, "the published port never answered"
            time.sleep(0.1)


def test_nothing_typed_is_said_and_not_called_kept(untyped):
    assert untyped.code == 0, untyped.out
    assert untyped.result["verdict"]["sentence"] == (
        "Nothing was typed into stdin_chat.py; left to itself it did nothing that a rule objects to."
    )
    assert "nothing was typed, so whether prompts stay on this machine was not tested" in untyped.reasons


def test_the_prompt_principle_is_not_tested_then(untyped):
    outcomes = {each["id"]: each["outcome"] for each in untyped.result["principles"]}
    assert outcomes["prompts-stay"] == "not-tested"
    assert {"fail", "inconclusive"}.isdisjoint(outcomes.values())


def test_the_user_is_shown_where_and_what(used_by_hand):
    ended, port, prompts, _ = used_by_hand
    assert f"Open http://127.0.0.1:{port} to reach port 8485 of the app." in ended.err
    assert len(prompts) == 3
    assert all(prompt in ended.err and re.search(r"[a-z]{5}-[a-z]{5}-\d{4}", prompt) for prompt in prompts)


def test_the_app_can_be_used_from_outside(used_by_hand):
    *_, prompts, answers = used_by_hand
    for prompt, answer in zip(prompts, answers, strict=False):
        assert re.search(r"[a-z]{5}-[a-z]{5}-\d{4}", prompt)[0] in answer


def test_ctrl_c_ends_the_use_and_the_run_is_judged(used_by_hand):
    ended, *_ = used_by_hand
    assert ended.code == 0, ended.out + ended.err
    assert "The use has ended" in ended.err
    assert ended.result["run"]["sealed"] is True
    assert all(each["seen"] for each in ended.result["coverage"]["controls"])
    assert ended.result["coverage"]["answer_contains_marker"] is True  # heard in the published port
    assert "ran and answered 2 prompts." in ended.reasons


def test_a_port_that_is_taken_is_told(audit):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ("--no-reference", "--driver", "manual", "--publish", f"8485:{port}", "--timeout", 3)
        ended = audit.start_app("stdin_chat.py", options=options).end()
    assert f"Port 8485 of the app could not be published on port {port}" in ended.out.replace("\n    ", " ")


def test_a_prompt_in_a_file(audit, tmp_path):
    source = "import sys, answers; print(answers.answer(open(sys.argv[1]).read()))"
    ended = audit.app("-c", source, "{prompt_file}")
    assert ended.code == 0, ended.out
    assert ended.result["coverage"]["answer_contains_marker"] is True
    assert ended.result["files"] == []  # ours, not the app's


def test_an_own_prompt_and_what_proves_it(audit):
    source = "import sys; print('the answer is', 6 * 7)"
    options = ("--prompt", "What is six times seven?", "--expect", "42")
    ended = audit.app("-c", source, "{prompt}", options=options)
    assert ended.code == 0, ended.out
    unexpected = audit.app("-c", source, "{prompt}", options=(*options[:2], "--expect", "43"))
    assert unexpected.code == 3, unexpected.out


def test_a_given_address_is_used(audit):
    options = ("--driver", "openai", "--url", "http://127.0.0.1:8499/v1")
    ended = audit.app("quiet_chat.py", "--port", 8499, options=options)
    assert ended.code == 0, ended.out
    assert "port 8499" in ended.err


def test_no_gpu_and_more_writable_folders(audit, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    source = (
        "import sys, os, answers; print(answers.answer(sys.argv[1]), os.listdir('/dev'));"
        f"open({str(kept / 'note')!r}, 'w').write('x')"
    )
    ended = audit.app("-c", source, "{prompt}", options=("--no-gpu", "--writable", kept))
    assert ended.code == 0, ended.out
    assert [each["path"] for each in ended.result["files"]] == [str(kept / "note")]
    assert list(kept.iterdir()) == []
    assert b"nvidia" not in (ended.run / "app.log").read_bytes()
