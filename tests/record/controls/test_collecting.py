from __future__ import annotations

import socket
import threading
import time

import pytest

from auditor.record.controls.collecting import Collected
from auditor.record.controls.collecting import release
from auditor.record.controls.reports import DONE
from auditor.record.controls.reports import report


@pytest.fixture
def line():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_reports_and_their_sockets(line):
    ours, theirs = line
    with socket.socket() as made:
        socket.send_fds(theirs, [report("tcp", "sent", "", ("a", 1, "b", 2))], [made.fileno()])
    theirs.send(b"no report")
    theirs.send(DONE)
    collected = Collected()
    collected.read(ours, ("tcp",), 5)
    assert collected.done
    assert (collected.of("tcp").outcome, collected.of("tcp").ends) == ("sent", ("a", 1, "b", 2))
    assert collected.sockets["tcp"].fileno() >= 0
    collected.close()
    assert collected.sockets["tcp"].fileno() == -1


def test_a_socket_that_belongs_to_no_report_is_closed_with_the_rest(line):
    ours, theirs = line
    with socket.socket() as made:
        socket.send_fds(theirs, [b"no report"], [made.fileno()])
    collected = Collected()
    collected.read(ours, ("tcp",), 0.1)
    collected.close()
    assert [each.fileno() for each in collected.sockets.values()] == [-1]


def test_what_was_not_said_has_failed():
    assert Collected().of("dns").outcome == "failed"


def test_a_report_after_the_last_word_is_waited_for(line):
    ours, theirs = line
    theirs.send(DONE)
    threading.Timer(0.1, theirs.send, [report("daemon", "sent")]).start()
    collected = Collected()
    collected.read(ours, ("daemon",), 5)
    assert collected.of("daemon").outcome == "sent"


def test_reading_ends_with_the_time_and_with_the_line(line):
    ours, theirs = line
    collected, began = Collected(), time.monotonic()
    collected.read(ours, ("dns",), 0.1)
    assert 0.1 <= time.monotonic() - began < 2
    assert not collected.await_end(ours, 0.1)
    theirs.close()
    assert collected.await_end(ours, 5)


def test_who_has_gone_cannot_be_released_and_that_is_no_error(line):
    ours, theirs = line
    theirs.close()
    release(ours)
