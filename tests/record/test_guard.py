"""When an app is stopped for the machine's sake. That it really is, is in `tests/escape`."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from auditor.model.observation import GapNoted
from auditor.record import guard
from auditor.record.guard import Disk
from auditor.record.guard import Guard
from auditor.sandbox import limits

MIB = 1 << 20


class Box:
    """Something that can be stopped, and takes two signals to."""

    def __init__(self, cage: Path | None = None) -> None:
        self.cage = cage
        self.init_pid = os.getpid()
        self.alive = 2

    def signal_all(self, number: int) -> None:
        assert number == 9
        self.alive -= 1

    def process_count(self) -> int:
        return max(0, self.alive)


@pytest.fixture
def room(monkeypatch):
    """The free bytes of every disk, to be changed."""
    made = SimpleNamespace(bytes=1000 * MIB)
    monkeypatch.setattr(guard, "free", lambda _path: made.bytes)
    return made


@pytest.fixture
def start(journal, tmp_path):
    made = []

    def start(box: Box) -> Guard:
        made.append(Guard(box, journal, [tmp_path]))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.stop()
        each.stop()


def until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("room_mib", "floor_mib"), [(100_000, 256), (1024, 256), (400, 100), (64, 16), (63, 0), (0, 0)]
)
def test_how_much_must_stay_free(monkeypatch, room_mib, floor_mib):
    monkeypatch.setattr(guard, "free", lambda _path: room_mib * MIB)
    disk = Disk.at(Path("/x"))
    assert disk.floor == floor_mib * MIB
    assert disk.problem() == ""


def test_a_disk_that_runs_full_stops_the_app(start, room, written, tmp_path):
    box = Box()
    running = start(box)
    time.sleep(3 * guard.TICK_S)
    assert (running.stopped, box.alive) == ("", 2)
    room.bytes = 200 * MIB
    until(lambda: box.alive == 0)
    assert running.stopped == f"it left less than 250 MiB free on the disk of {tmp_path}"
    running.stop()
    (gap,) = written(GapNoted)
    assert gap.blinds
    assert gap.text.startswith(f"The app was stopped because {running.stopped};")


@pytest.mark.parametrize(("share", "stopped"), [(0.5, False), (0.94, False), (0.96, True)])
def test_a_cage_full_of_tasks_stops_the_app(start, room, tmp_path, share, stopped):
    (tmp_path / "pids.current").write_text(f"{int(limits.MAX_TASKS * share)}\n")
    box = Box(cage=tmp_path)
    running = start(box)
    time.sleep(8 * guard.TICK_S)
    running.stop()
    assert bool(running.stopped) is stopped
    assert (box.alive == 0) is stopped
    if stopped:
        assert f"processes and threads, of at most {limits.MAX_TASKS:,}" in running.stopped


@pytest.fixture
def machine(monkeypatch):
    """The number of tasks of the whole machine, to be changed, and of those found below the box."""
    made = SimpleNamespace(tasks=100, below=0)
    monkeypatch.setattr(guard, "_tasks_of_the_machine", lambda: made.tasks)
    monkeypatch.setattr(guard, "_tasks_below", lambda _init: made.below)
    return made


@pytest.mark.parametrize(
    ("processes", "below", "stopped"),
    [(2, 10, False), (2, limits.MAX_TASKS, True), (limits.MAX_TASKS // 2, 0, True)],
)
def test_without_a_cage_it_matters_what_the_machine_has_more(start, room, machine, processes, below, stopped):
    """Of many processes that is believed; few are looked at, for their threads."""
    box = Box()
    box.alive, machine.below = processes, below
    box.signal_all = lambda _number: setattr(box, "alive", 0)
    running = start(box)
    time.sleep(8 * guard.TICK_S)
    assert running.stopped == ""
    machine.tasks += limits.MAX_TASKS + 5
    time.sleep(8 * guard.TICK_S)
    running.stop()
    assert (box.alive == 0) is stopped
    assert running.stopped == (
        f"it had {limits.MAX_TASKS:,} processes and threads, of at most {limits.MAX_TASKS:,}"
        if stopped
        else ""
    )


def test_tasks_are_counted_with_their_threads():
    assert guard._tasks_below(os.getpid()) == 0
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        os.write(write, b"x")
        time.sleep(60)
    os.read(read, 1)
    assert guard._tasks_below(os.getpid()) == 2
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)
    assert guard._tasks_of_the_machine() > 0


def test_a_guard_that_never_began_can_be_ended(journal, tmp_path):
    Guard(Box(), journal, [tmp_path]).stop()
