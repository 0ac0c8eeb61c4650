from __future__ import annotations

import os
import signal
import subprocess

import pytest

from auditor.sandbox.program import Program


@pytest.fixture
def start():
    """A program as pid 1 of a box would hand it over, without the box."""
    started = []

    def start(*command: str) -> Program:
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        statuses: dict[int, int] = {}

        def ask_status(pid: int) -> int | None:
            if pid not in statuses:
                statuses[pid] = os.waitpid(pid, 0)[1]
                process.returncode = 0  # reaped here
            return statuses[pid]

        program = Program(
            pid=process.pid, pidfd=os.pidfd_open(process.pid), output=os.dup(process.stdout.fileno()), role="app",
            ask_status=ask_status,
        )  # fmt: skip
        started.append((process, program))
        return program

    yield start
    for process, program in started:
        program.kill()
        process.wait()
        process.stdout.close()
        program.close()


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", "exit 0"),
        ("exit 7", "exit 7"),
        ("kill -9 $$", "signal 9 (SIGKILL)"),
        ("kill -15 $$", "signal 15 (SIGTERM)"),
    ],
)
def test_how_it_ended_in_words(start, script, status):
    program = start("sh", "-c", script)
    assert program.wait(10)
    assert not program.running
    assert program.status == status


def test_while_it_runs(start):
    program = start("sleep", "60")
    assert (program.running, program.status, program.wait(0.01)) == (True, "running", False)
    program.kill(signal.SIGTERM)
    assert program.wait(10)
    assert program.status == "signal 15 (SIGTERM)"


def test_an_end_that_nobody_saw(start):
    program = start("true")
    program.wait(10)
    program.ask_status = lambda _pid: None
    assert program.status == "ended"


def test_a_signal_after_the_end_is_no_error(start):
    program = start("true")
    program.wait(10)
    assert program.status == "exit 0"
    program.kill()


def test_closing_twice_is_no_error_and_leaves_it_running():
    with subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE) as process:
        program = Program(
            pid=process.pid, pidfd=os.pidfd_open(process.pid), output=os.dup(process.stdout.fileno()), role="app",
            ask_status=lambda _pid: None,
        )  # fmt: skip
        program.close()
        program.close()
        assert process.poll() is None
        process.kill()
