"""What left after the prompt, from packets and journal."""

from __future__ import annotations

import math
import time

import pytest

from auditor.classify.case import classify
from auditor.classify.pairs.traces import trace
from auditor.evidence import store
from auditor.model import observation as o
from auditor.parse import pcapng

BOX, FAR, OTHER = "192.168.77.23", "198.18.0.5", "203.0.113.7"


@pytest.fixture
def used(run, frames):
    """An app that was given its prompt, with a connection to a host; `used.at(seconds)` is after that."""
    run.phase("prompt")
    run.prompt()
    run.typed = run.clock - 0.01
    run.lookup("10.1", "api.x.example", FAR)
    run.close(run.flow("10.1", FAR), "raw", bytes_out=30)
    run.out = lambda data, far=FAR: frames.tcp(BOX, run.ports, far, 443, data)
    run.back = lambda data: frames.tcp(FAR, 443, BOX, run.ports, data)
    return run


def seen(run, *timed, status="exit 0"):
    """The trace of a run with these frames, at seconds after the prompt."""
    zero = time.time() - (time.monotonic() - run.journal.zero)
    data = pcapng.section() + pcapng.interface("gw0")
    for at, frame in timed:
        data += pcapng.packet(0, int((zero + run.typed + at) * 1e9), frame, len(frame))
    run.directory.packets.write_bytes(data)
    run.write(o.RunEnded(app_status=status), "record")
    run.journal.close()
    store.seal(run.directory, {})
    return trace(run.directory, classify(run.directory))


def sizes(found):
    return [(one.destination, one.bytes) for one in found.messages]


def test_bytes_between_answers_and_pauses_are_messages(used):
    found = seen(
        used, (0.10, used.out(b"a" * 100)), (0.15, used.out(b"b" * 50)), (0.20, used.back(b"answer")),
        (0.25, used.out(b"c" * 7)), (0.90, used.out(b"d" * 8)),
    )  # fmt: skip
    assert sizes(found) == [("x.example port 443/tcp", size) for size in (150, 7, 8)]
    assert [one.at for one in found.messages] == [pytest.approx(at, abs=0.01) for at in (0.1, 0.25, 0.9)]


def test_what_left_before_the_prompt_cannot_depend_on_it(used):
    found = seen(used, (-0.5, used.out(b"early")), (0.1, used.out(b"late")))
    assert [size for _, size in sizes(found)] == [4]


def test_connections_and_names_come_from_the_journal(used):
    found = seen(used)
    assert [to for _, to in found.connections] == ["x.example port 443/tcp"]
    assert [name for _, name in found.names] == ["api.x.example"]
    assert 0 < found.names[0][0] < found.connections[0][0] < 0.1


def test_packets_without_a_flow_are_sorted_by_address(used, frames):
    found = seen(
        used, (0.1, frames.icmp(BOX, OTHER, b"ping")), (0.2, frames.udp(BOX, 9, OTHER, 5000, b"12345")),
        (0.3, frames.arp(BOX, FAR)),
    )  # fmt: skip
    assert [to for to, _ in sizes(found)] == [f"{OTHER} icmp", f"{OTHER} port 5000/udp"]


def test_our_own_control_is_left_out(used):
    used.phase("stop")
    used.phase("control")
    used.process("77.1", role="control")
    ours = used.clock - used.typed
    used.close(used.flow("77.1", OTHER, role="control"), "raw", bytes_out=9)
    found = seen(used, (ours + 0.5, used.out(b"control", OTHER)))
    assert found.messages == ()
    assert len(found.connections) == 1


def test_a_control_before_the_app_does_not_end_it(run, frames):
    run.phase("control")
    run.phase("start")
    run.phase("prompt")
    run.prompt()
    run.typed = run.clock - 0.01
    run.close(run.flow("10.1", FAR), "raw", bytes_out=3)
    assert sizes(seen(run, (0.1, frames.tcp(BOX, run.ports, FAR, 443, b"abc")))) == [
        (f"{FAR} port 443/tcp", 3)
    ]


def test_an_app_that_still_runs_was_watched_until_it_was_stopped(used):
    used.clock += 2
    used.phase("stop")
    assert seen(used, status="still running at the end").watched == pytest.approx(2.05, abs=0.1)


def test_an_app_that_ended_was_watched_to_its_end(used):
    used.phase("stop")
    assert seen(used).watched == math.inf


def test_without_a_prompt_the_phase_of_prompts_counts(run):
    run.phase("prompt")
    run.typed = run.clock
    run.lookup("10.1", "late.example")
    assert [name for _, name in seen(run).names] == ["late.example"]


def test_an_app_that_never_came_so_far_cannot_be_compared(run):
    run.typed = 0
    with pytest.raises(ValueError, match="no moment"):
        seen(run)


def test_without_a_capture_nothing_is_claimed(used):
    used.write(o.RunEnded(app_status="exit 0"), "record")
    used.journal.close()
    store.seal(used.directory, {})
    with pytest.raises(ValueError, match="no packet capture"):
        trace(used.directory, classify(used.directory))
