from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest

from auditor.record.output import MEMORY_CAP
from auditor.record.output import Output


@pytest.fixture
def pipe():
    read, write = os.pipe()
    ends = {"read": read, "write": write}
    yield ends
    for end in ends.values():
        os.close(end)


def say(pipe: dict[str, int], data: bytes, output: Output) -> None:
    before = output.total
    os.write(pipe["write"], data)
    deadline = time.monotonic() + 5
    while output.total < before + len(data):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def hang_up(pipe: dict[str, int]) -> None:
    os.close(pipe.pop("write"))


def test_what_is_said_can_be_read_from_any_place_on(pipe):
    output = Output(pipe["read"], None, on_change=lambda: None)
    say(pipe, b"first ", output)
    mark = output.total
    say(pipe, b"second", output)
    assert (output.since(0), output.since(mark), output.since(99)) == (b"first second", b"second", b"")
    hang_up(pipe)
    output.finish()


def test_it_goes_into_the_log_too(pipe):
    log = io.BytesIO()
    output = Output(pipe["read"], log, on_change=lambda: None)
    say(pipe, b"\x00\xff not text", output)
    hang_up(pipe)
    output.finish()
    assert log.getvalue() == b"\x00\xff not text"


def test_somebody_is_told(pipe):
    told = []
    output = Output(pipe["read"], None, on_change=lambda: told.append(1))
    say(pipe, b"x", output)
    hang_up(pipe)
    output.finish()
    assert told


def test_finishing_reads_what_is_left_although_the_writer_lives(pipe):
    output = Output(pipe["read"], None, on_change=lambda: None)
    os.write(pipe["write"], b"x" * 60_000)
    output.finish()
    assert output.total == 60_000


def test_only_the_end_is_kept_in_memory(pipe):
    output = Output(pipe["read"], None, on_change=lambda: None)
    piece = bytes(range(250)) * 200
    for _ in range(MEMORY_CAP // len(piece) + 3):
        say(pipe, piece, output)
    say(pipe, b"the end", output)
    hang_up(pipe)
    output.finish()
    assert len(output.since(0)) == MEMORY_CAP
    assert output.since(0).endswith(b"the end")
    assert output.since(output.total - 3) == b"end"


def test_a_full_disk_is_remembered_and_reading_goes_on(pipe):
    with Path("/dev/full").open("wb", buffering=0) as log:
        output = Output(pipe["read"], log, on_change=lambda: None)
        say(pipe, b"lost ", output)
        say(pipe, b"still heard", output)
        hang_up(pipe)
        output.finish()
    assert output.log_error is not None
    assert output.since(0) == b"lost still heard"


def test_a_terminal_that_hangs_up_is_the_end():
    ours, theirs = os.openpty()
    output = Output(ours, None, on_change=lambda: None)
    os.write(theirs, b"bye")
    os.close(theirs)
    output.finish()
    assert output.since(0) == b"bye"
    os.close(ours)


def test_what_the_log_has_no_room_for_is_counted(pipe, monkeypatch):
    monkeypatch.setattr("auditor.record.output.LOG_CAP", 10)
    log = io.BytesIO()
    output = Output(pipe["read"], log, on_change=lambda: None)
    say(pipe, b"12345", output)
    assert output.unlogged == 0
    say(pipe, b"67890abc", output)
    assert (output.unlogged, log.getvalue()) == (3, b"1234567890")
    hang_up(pipe)
    output.finish()
