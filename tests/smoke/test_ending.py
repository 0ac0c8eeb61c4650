"""Every way to end a recording early: by key, by signal, by kill -9. Nothing is ever left behind."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from auditor.evidence import store

pytestmark = pytest.mark.box

STUBBORN = (
    "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
"""An app that does not listen to SIGTERM; stopping it takes long enough to press Ctrl-C again."""
SCRATCH = Path("/var/tmp")
NAMESPACES = ("net", "mnt", "pid", "ipc", "uts", "cgroup", "user")


@dataclass(frozen=True)
class World:
    """What could be left behind."""

    interfaces: frozenset[str]
    mounts: str
    scratch: frozenset[str]

    @classmethod
    def now(cls) -> World:
        mounts = Path("/proc/self/mountinfo").read_text()
        return cls(frozenset(os.listdir("/sys/class/net")), mounts, frozenset(os.listdir(SCRATCH)))


class Family:
    """A process of ours with all its descendants, and the namespaces that only they are in."""

    def __init__(self, process: psutil.Process) -> None:
        self._members = [process, *process.children(recursive=True)]
        self.namespaces = namespaces(each.pid for each in self._members) - namespaces([os.getpid()])

    def left(self) -> list[object]:
        """Those still running, and namespaces that still hold a process of anybody's."""
        running = [each for each in self._members if is_alive(each)]
        return [*running, *(self.namespaces & namespaces(psutil.pids()))]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def namespaces(pids) -> set[str]:
    found = set()
    for pid in pids:
        for kind in NAMESPACES:
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:  # it ended, or is not ours to look into
                continue
    return found


def abandoned(before: World) -> set[str]:
    """New names in the scratch folder that no process has mounted: other tests' boxes are still in use."""
    new = {name for name in os.listdir(SCRATCH) if name not in before.scratch and len(name) == 17}
    for pid in psutil.pids():
        try:
            mounted = Path(f"/proc/{pid}/mountinfo").read_text()
        except OSError:
            continue
        new -= {name for name in new if name in mounted}
    return new


def assert_nothing_left(before: World, family: Family, timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    ever = abandoned(before)
    while family.left() or ever:
        assert time.monotonic() < deadline, (family.left(), ever)
        time.sleep(0.1)
        ever &= abandoned(before)
    after = World.now()
    assert (after.interfaces, after.mounts) == (before.interfaces, before.mounts)


def begin(audit, *app: object, idle: float = 60.0):
    before = World.now()
    running = audit.start_app(*app, options=("--no-reference", "--idle", idle))
    return before, running


def family_of(running) -> Family:
    return Family(psutil.Process(running.process.pid))


@pytest.mark.parametrize(("number", "name"), [(2, "SIGINT"), (15, "SIGTERM"), (1, "SIGHUP")])
def test_one_signal_ends_the_use_and_seals_the_run(audit, number, name):
    before, running = begin(audit, "stdin_chat.py")
    running.wait_for("watching it idle")
    family = family_of(running)
    running.process.send_signal(number)
    ended = running.end(timeout_s=30)
    assert ended.code == 128 + number, ended.err
    assert "Traceback" not in ended.err
    assert "Press Ctrl-C again to leave it unfinished." in ended.err
    assert store.verify(store.RunDirectory(ended.run)) == ()
    assert ended.result["verdict"]["outcome"] == "inconclusive"
    assert f"The recording was ended early by {name}." in ended.reasons
    assert_nothing_left(before, family)


def test_what_was_seen_before_ctrl_c_is_judged(audit):
    source = "import urllib.request as u, time; u.urlopen('https://collect.leaky.example/x'); print('up', flush=True); time.sleep(600)"
    running = audit.start_app("-c", source, options=("--no-reference", "--driver", "none", "--idle", 60))
    running.wait_for("contact")
    running.process.send_signal(signal.SIGINT)
    ended = running.end(timeout_s=30)
    assert ended.code == 130
    assert [each["destination"]["domain"] for each in ended.result["flows"]] == ["collect.leaky.example"]
    assert "EGR001" in ended.rules


def test_the_second_ctrl_c_leaves_it_unfinished_and_readable(audit):
    before, running = begin(audit, "-c", STUBBORN)
    running.wait_for("starting the app")
    family = family_of(running)
    time.sleep(0.5)
    running.process.send_signal(signal.SIGINT)
    running.wait_for("stopping it")
    running.process.send_signal(signal.SIGINT)
    ended = running.end(timeout_s=30)
    assert ended.code == 130, ended.err
    assert "Traceback" not in ended.err
    assert ended.message.strip() == "Interrupted."
    assert f"The run is unsealed; `audit judge {ended.run}` reads what was seen." in ended.err
    assert not (ended.run / "run.json").exists()
    assert_nothing_left(before, family)
    again = audit("judge", ended.run)
    assert (again.code, "inconclusive" in again.out) == (3, True)


@pytest.mark.parametrize("seed", range(4))
def test_ctrl_c_while_the_box_is_being_built(audit, seed):
    before, running = begin(audit, "stdin_chat.py")
    time.sleep(0.15 + random.Random(seed).uniform(0, 0.9))
    family = family_of(running)
    running.process.send_signal(signal.SIGINT)
    ended = running.end(timeout_s=30)
    assert ended.code in (130, -signal.SIGINT), ended.err
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err
    assert_nothing_left(before, family)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_left_when_the_supervisor_is_killed(audit, seed):
    before, running = begin(audit, "stdin_chat.py", "--leak", idle=0.5)
    time.sleep(random.Random(seed).uniform(0.1, 4))
    family = family_of(running)
    running.process.kill()
    running.process.wait()
    assert_nothing_left(before, family)
    directory = store.RunDirectory(running.run)
    if directory.sealed:  # killed later than it took to record: then nothing may be missing
        assert not store.verify(directory)
    if len(running.entries()) > 1:
        assert audit("judge", running.run).code in (1, 3)
