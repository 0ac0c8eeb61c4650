"""The reference outside any box: our own engine and model as plain child processes."""

from __future__ import annotations

import socket
import subprocess

import pytest

from auditor.reference.run import Box


class PlainChild:
    """`auditor.reference.run.Child` over a subprocess."""

    def __init__(self, argv, env, log):
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                argv, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )

    def output(self):
        return self._log.read_bytes()

    def running(self):
        return self.process.poll() is None

    def terminate(self):
        self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def children():
    """Every program that the box started."""
    return []


@pytest.fixture
def plain_box(tmp_path, children):
    """Start programs on this machine; none may outlive the test."""

    def start(argv, env):
        children.append(PlainChild(argv, env, tmp_path / f"child{len(children)}.log"))
        return children[-1]

    yield Box(start=start, connect=lambda port: socket.create_connection(("127.0.0.1", port)))
    for child in children:
        child.terminate()
