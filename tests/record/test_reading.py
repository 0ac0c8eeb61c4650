from __future__ import annotations

import os
import platform
import subprocess
import sys
import time

import pytest

from auditor.record.reading import wants_input

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="numbers of read(2) are known for these two"
)


@pytest.fixture
def started():
    processes = []

    def start(*command: str) -> tuple[int, int]:
        """(inode of its standard input, our end of it)."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        processes.append(process)
        return os.fstat(process.stdin.fileno()).st_ino, process.stdin.fileno()

    yield start
    for process in processes:
        process.kill()
        process.stdin.close()
        process.wait()


def soon(inode: int, timeout_s: float = 10) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if wants_input(os.getpid(), inode):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    "command",
    [
        ["cat"],
        ["sh", "-c", "read line; sleep 60"],
        ["sh", "-c", "sh -c 'cat; true'; true"],
        [sys.executable, "-c", "input()"],
        [sys.executable, "-c", "import threading,sys; threading.Thread(target=sys.stdin.read).start()"],
    ],
    ids=["cat", "shell", "grandchild", "python", "thread"],
)
def test_a_program_that_sleeps_in_a_read_wants_input(started, command):
    inode, _ = started(*command)
    assert soon(inode)


def test_one_that_does_something_else_does_not(started):
    inode, _ = started("sleep", "60")
    other, _ = started("cat")
    assert soon(other)
    assert not wants_input(os.getpid(), inode)


def test_one_that_got_its_input_and_works_does_not(started):
    inode, ours = started("sh", "-c", "read line; sleep 60")
    assert soon(inode)
    os.write(ours, b"hello\n")
    deadline = time.monotonic() + 10
    while wants_input(os.getpid(), inode):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nobody_is_there():
    assert wants_input(2**22 + 1, 1) is False
