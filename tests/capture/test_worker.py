from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time

import pytest

from auditor.capture import wire
from auditor.capture import worker
from auditor.capture.worker import Worker
from auditor.evidence.journal import Journal
from auditor.evidence.journal import read
from auditor.model.observation import GapNoted
from auditor.model.observation import ProcessExited


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "events.jsonl")
    yield made
    made.close()


def written(journal) -> list:
    journal.close()
    return list(read(journal.path))


def pump(made, journal) -> threading.Thread:
    thread = threading.Thread(target=made.pump, args=(journal,))
    thread.start()
    return thread


def exits(count: int, size: int = 1):
    def body(outbox):
        for number in range(count):
            outbox.put(ProcessExited(key="k" * size, status=number % 256), at=100.0 + number)
            outbox.flush()
        select.select([outbox], [], [])

    return body


def test_observations_keep_their_order_and_time(journal):
    made = Worker.fork("sockets", exits(5000), keep=[])
    thread = pump(made, journal)
    time.sleep(0.2)
    made.stop()
    thread.join(10)
    entries = written(journal)
    assert [each.what.status for each in entries] == [number % 256 for number in range(5000)]
    assert [round(each.mono + journal.zero) for each in entries[:3]] == [100, 101, 102]
    assert {each.observer for each in entries} == {"sockets"}


def test_nothing_is_lost_when_it_stops_at_once(journal):
    def body(outbox):
        for _ in range(20_000):
            outbox.put(ProcessExited(key="k" * 100, status=0))

    made = Worker.fork("sockets", body, keep=[])
    thread = pump(made, journal)
    made.stop()
    thread.join(10)
    assert len(written(journal)) == 20_000


def test_a_supervisor_that_does_not_read_blocks_nothing(journal, monkeypatch):
    monkeypatch.setattr(worker, "MAX_BACKLOG", 1 << 20)
    reader, writer = os.pipe()

    def body(outbox):
        exits_until_full = 30_000
        for _ in range(exits_until_full):
            outbox.put(ProcessExited(key="k" * 100, status=0))
            outbox.flush()
        os.write(writer, b"done")

    made = Worker.fork("sockets", body, keep=[writer])
    assert select.select([reader], [], [], 10)[0]
    os.close(reader)
    os.close(writer)
    thread = pump(made, journal)
    made.stop()
    thread.join(10)
    *seen, last = written(journal)
    assert 1000 < len(seen) < 30_000
    assert last.what == GapNoted(
        observer="sockets",
        blinds=True,
        text=f"{30_000 - len(seen)} observations of the sockets observer were dropped.",
    )


@pytest.mark.parametrize("body", [lambda _: os.kill(os.getpid(), signal.SIGKILL), lambda _: 1 / 0])
def test_a_death_is_a_gap(journal, body, capfd):
    made = Worker.fork("packets", body, keep=[])
    thread = pump(made, journal)
    thread.join(60)
    made.stop()
    (entry,) = written(journal)
    assert entry.what.blinds
    assert "packets" in entry.what.text


def test_what_the_kernel_refuses_is_a_gap_with_its_reason_and_not_on_the_terminal(journal, capfd):
    made = Worker.fork("packets", lambda _: os.open("/no/such/ring", os.O_RDONLY), keep=[])
    thread = pump(made, journal)
    thread.join(60)
    made.stop()
    (entry,) = written(journal)
    assert entry.what.blinds
    assert "No such file" in entry.what.text
    assert capfd.readouterr().err == ""


def test_it_ignores_the_terminals_signals_and_stops_twice(journal):
    made = Worker.fork("sockets", exits(1), keep=[])
    thread = pump(made, journal)
    time.sleep(0.1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(made.pid, number)
    time.sleep(0.1)
    assert made.alive
    made.stop()
    made.stop()
    thread.join(10)
    assert len(written(journal)) == 1


def test_one_that_hangs_is_killed(journal):
    made = Worker.fork("sockets", lambda _: time.sleep(60), keep=[])
    thread = pump(made, journal)
    began = time.monotonic()
    made.stop(timeout=0.2)
    assert time.monotonic() - began < 5
    thread.join(10)
    assert written(journal)[0].what.blinds


def test_it_keeps_no_descriptor_of_ours(journal, tmp_path):
    with open(tmp_path / "secret", "w") as secret:

        def body(outbox):
            names = [
                os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd") if each != "3"
            ]
            leaked = any(name.endswith("secret") for name in names)
            outbox.put(ProcessExited(key="leaked" if leaked else "clean", status=0))

        made = Worker.fork("sockets", body, keep=[])
        thread = pump(made, journal)
        made.stop()
        thread.join(10)
        assert not secret.closed
    assert [each.what.key for each in written(journal)] == ["clean"]


def test_importing_the_capture_is_cheap():
    """The observers are forked before anything heavy is loaded, and must not load it themselves."""
    code = "import auditor.capture.watcher, auditor.capture.packets, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mitmproxy", "asyncio", "scapy", "psutil", "click", "rich"} & set(done.stdout.split())


def test_wire_round_trip_and_garbage():
    what = GapNoted(observer="x", text="a\nb \xe9", blinds=False)
    line = wire.pack(12.5, what)
    assert line.count(b"\n") == 1
    assert wire.unpack(line.rstrip(b"\n")) == (12.5, what)
    for bad in (b"", b"1 2", b"x gap.noted {}", b"1 nothing {}", b"1 gap.noted {", b"1 gap.noted {}"):
        with pytest.raises(ValueError):  # noqa: PT011 - any of them, and nothing else
            wire.unpack(bad)
