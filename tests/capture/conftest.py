"""A small box for these tests: user, network and pid namespaces, an init, programs under the filter."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest

from auditor.capture.watcher import SocketWatcher
from auditor.evidence.journal import Journal
from auditor.evidence.journal import read
from auditor.kernel import syscalls
from auditor.kernel.netlink import RouteSocket
from auditor.kernel.seccomp import install_and_hand_over
from auditor.kernel.seccomp import program


def enter_namespaces(flags: int = syscalls.CLONE_NEWNET) -> None:
    """Become the owner of fresh namespaces, with the same uid inside as outside."""
    uid, gid = os.getuid(), os.getgid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | flags)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)
    if flags & syscalls.CLONE_NEWNET:
        routes = RouteSocket()
        routes.up(1)
        routes.close()
        # An orphaned client socket otherwise soon becomes a mini-socket.
        Path("/proc/sys/net/ipv4/tcp_fin_timeout").write_text("600")


def _start(argv: list[str], intake: int, role: str) -> None:
    if os.fork() == 0:
        try:
            install_and_hand_over(program(), intake, role)
            os.execv(argv[0], argv)
        finally:
            os._exit(127)


def _be_init(commands: list[tuple[str, list[str]]], intake: int) -> None:
    for role, argv in commands:
        _start(argv, intake, role)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)


def launch(commands: list[tuple[str, list[str]]], intake: int, ready: socket.socket | None = None) -> int:
    """Fork a helper that builds the namespaces and runs (role, argv) commands in them; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        enter_namespaces(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWPID)
        if ready is not None:
            diag = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
            server = socket.create_server(("0.0.0.0", 8080), backlog=4096)
            server6 = socket.create_server(("::1", 8080), family=socket.AF_INET6)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(("0.0.0.0", 8080))
            socket.send_fds(ready, [b"x"], [each.fileno() for each in (diag, server, server6, udp)])
            ready.recv(1)
        if os.fork() == 0:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            _be_init(commands, intake)
        os.wait()
    finally:
        os._exit(0)


@dataclass
class Stage:
    """A watcher with a journal, and what was seen so far."""

    watcher: SocketWatcher
    journal: Journal
    children: list[int] = field(default_factory=list)
    pumping: threading.Thread | None = None

    def run(self, *commands: list[str] | tuple[str, list[str]], wait: bool = True) -> None:
        named = [each if isinstance(each, tuple) else ("app", each) for each in commands]
        self.children.append(launch(named, self.watcher.intake.fileno()))
        self.pump()
        if wait:
            os.waitpid(self.children.pop(), 0)

    def open_gate(self, *commands: list[str]) -> tuple[list[socket.socket], socket.socket]:
        """As `run`, but first hand out sockets of the box; programs start when the gate gets a byte."""
        gate, theirs = socket.socketpair()
        named = [("app", each) for each in commands]
        self.children.append(launch(named, self.watcher.intake.fileno(), theirs))
        theirs.close()
        self.pump()
        _, descriptors, _, _ = socket.recv_fds(gate, 10, 10)
        return [socket.socket(fileno=each) for each in descriptors], gate

    def pump(self) -> None:
        if self.pumping is None:
            self.pumping = threading.Thread(target=self.watcher.pump, args=(self.journal,))
            self.pumping.start()

    def seen(self, kind: type | None = None) -> list:
        """Stop the watcher and read the journal back."""
        self.close()
        entries = [entry.what for entry in read(self.journal.path)]
        return [each for each in entries if kind is None or isinstance(each, kind)]

    def close(self) -> None:
        for child in self.children:
            os.waitpid(child, 0)
        self.children.clear()
        self.pump()
        self.watcher.stop()
        self.pumping.join(10)
        assert not self.pumping.is_alive()
        self.journal.close()


@pytest.fixture
def make_stage(tmp_path):
    """A function that forks a watcher for files below the given trees; call it once."""
    stages = []

    def make(trees: Iterable[str] = ("/",)) -> Stage:
        stages.append(Stage(SocketWatcher.fork(trees), Journal(tmp_path / "events.jsonl")))
        return stages[-1]

    yield make
    for made in stages:
        for child in made.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        made.close()


@pytest.fixture
def stage(make_stage):
    return make_stage()


@pytest.fixture
def fresh_namespaces():
    """The function that makes the calling (forked) process the owner of a network of its own."""
    return enter_namespaces
