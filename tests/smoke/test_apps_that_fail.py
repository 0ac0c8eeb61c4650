"""Apps that cannot be used are inconclusive, never a pass: exit 3, with the reason."""

from __future__ import annotations

import os
import signal

import pytest

pytestmark = pytest.mark.box

SHORT = ("--timeout", 4)


def inconclusive(ended) -> str:
    """The reasons of a run that must be inconclusive, in order and complete."""
    assert ended.code == 3, ended.out + ended.err
    assert ended.result["verdict"]["outcome"] == "inconclusive"
    assert "Traceback" not in ended.err
    assert ended.result["run"]["sealed"] is True
    return ended.reasons


def test_an_app_that_exits_at_once(audit):
    ended = audit.app("exits_at_once.py")
    reasons = inconclusive(ended)
    assert "the app did not run properly (exit 3)" in reasons
    assert "See app.log" in reasons
    assert b"Cannot find the configuration." in (ended.run / "app.log").read_bytes()


def test_an_app_that_exits_at_once_without_an_error(audit):
    reasons = inconclusive(audit.app("exits_at_once.py", 0))
    assert "could not be prompted" in reasons
    assert "--driver" in reasons


def test_a_command_that_fails_on_its_prompt(audit):
    ended = audit.app("-c", "import sys; print(sys.argv[1]); sys.exit(9)", "{prompt}")
    assert "exit 9" in inconclusive(ended)


@pytest.mark.parametrize("way", [("{prompt}",), (), ("--serve", 8123)], ids=["argument", "stdin", "server"])
def test_an_app_that_never_answers(audit, way):
    reasons = inconclusive(audit.app("never_answers.py", *way, options=SHORT))
    assert "the app gave no answer to any prompt" in reasons
    assert "--expect" in reasons


def test_an_answer_without_the_marker_proves_nothing(audit):
    ended = audit.app("-c", "print('I am fine, thank you.')", "{prompt}")
    reasons = inconclusive(ended)
    assert ended.result["coverage"]["answer_contains_marker"] is False
    assert "--accept-unproven-answer" in reasons or "--expect" in reasons


def test_unless_the_user_accepts_it(audit):
    ended = audit.app(
        "-c", "print('I am fine, thank you.')", "{prompt}", options=("--accept-unproven-answer",)
    )
    assert (ended.code, ended.result["coverage"]["answer_contains_marker"]) == (0, None)


def test_an_app_that_is_killed_from_outside(audit):
    running = audit.start_app("stdin_chat.py", options=("--no-reference", "--idle", 20))
    running.wait_for("watching it idle")
    (app,) = {
        entry["pid"]
        for entry in running.entries()
        if (entry["kind"], entry.get("role")) == ("process.seen", "app")
    }
    os.kill(app, signal.SIGKILL)
    ended = running.end(timeout_s=30)
    assert "signal 9" in inconclusive(ended)
    assert ended.result["run"]["app_status"] == "signal 9 (SIGKILL)"


def test_a_server_that_speaks_something_else(audit):
    ended = audit.app("-m", "http.server", "--bind", "127.0.0.1", 8486, options=("--timeout", 6))
    assert "port 8486" in inconclusive(ended)


def test_a_script_without_its_interpreter(audit, tmp_path):
    script = tmp_path / "chat"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    ended = audit("run", "--out", "{run}", "--no-reference", "--", script, cwd=tmp_path)
    assert ended.code == 3
    assert ended.message.startswith(
        f"{script} could not be started in the box: No such file or directory. Check"
    )
    assert not (ended.run / "run.json").exists()
    assert audit("judge", ended.run).code == 3


def test_an_app_that_floods_its_output_does_not_stop_the_run(audit):
    source = "import sys, answers; sys.stdout.write('x' * 9_000_000); print(answers.answer(sys.argv[1]))"
    ended = audit.app("-c", source, "{prompt}")
    assert ended.code == 0, ended.out + ended.err
    assert (ended.run / "app.log").stat().st_size > 9_000_000


def test_output_that_is_no_text(audit):
    source = (
        "import sys, answers; sys.stdout.buffer.write(bytes(range(256)) * 9 + b'\\x1b[2J\\x1b]0;x\\x07');"
        "print(answers.answer(sys.argv[1]))"
    )
    ended = audit.app("-c", source, "{prompt}")
    assert ended.code == 0, ended.out + ended.err
    assert "\x1b" not in ended.out + ended.err
