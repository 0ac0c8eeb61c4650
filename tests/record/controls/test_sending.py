"""The sending half by itself, in a real box without observers."""

from __future__ import annotations

import os
import socket

import pytest

from auditor.parse import dns
from auditor.record.controls import channels
from auditor.record.controls.collecting import Collected
from auditor.record.controls.collecting import release
from auditor.record.controls.openers import question
from auditor.record.controls.sending import use

pytestmark = [
    pytest.mark.box,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


def sent(box, names, **changes):
    """What came back for some channels, and the task; the processes wait for their release."""
    ipv6 = "tcp6" in box.sockets
    task = channels.task(box.plan, channels.canaries("before", names), ipv6=ipv6) | changes
    collected, line = Collected(), box.send("control", task)
    collected.read(line, names, 10)
    return task, collected, line


def test_every_channel_is_used_and_what_is_open_is_handed_over(box):
    names = channels.names(ipv6="tcp6" in box.sockets, offline=False)
    task, collected, line = sent(box, names)
    said = {channel: (report.outcome, report.detail) for channel, report in collected.reports.items()}
    assert {outcome for outcome, _ in said.values()} <= {"sent", "impossible"}, said
    assert set(said) == set(names)
    kept = set(names) - {"child", "daemon", "icmp", "icmp6", "unix", "file"}
    assert set(collected.sockets) == kept
    tcp = collected.sockets["tcp"]
    assert collected.reports["tcp"].ends == (*tcp.getsockname(), *tcp.getpeername())
    assert tcp.getpeername() == (task["ipv4"], 7007)
    release(line)
    assert collected.await_end(line, 5)
    line.close()
    collected.close()


def test_nothing_of_it_is_left_in_the_box(box):
    task, collected, line = sent(box, ("daemon", "child", "file"))
    (folder,) = [report.detail for report in collected.reports.values() if report.channel == "file"]
    (layer,) = [each for each in box.plan.layers if each.mount == folder]
    written = f"{layer.upper}/{task['tokens']['file']}.txt"
    with open(written) as file:
        assert file.read() == task["tokens"]["file"]
    release(line)
    assert collected.await_end(line, 5)
    line.close()
    assert box.stop_all(5)
    assert not os.path.lexists(written)
    assert os.listdir(layer.upper) == [] or layer.lower


def test_a_file_that_no_tree_takes_is_a_failure(box):
    _, collected, line = sent(box, ("file",), folders=["/proc", "/nowhere"])
    assert collected.reports["file"].outcome == "failed"
    line.close()


def test_a_channel_that_fails_keeps_none_from_being_tried():
    said = []

    def broken(_task, _token, _tell):
        raise OSError("on purpose")

    openers = {"one": broken, "two": lambda *_: "fine", "three": lambda *_: socket.socket()}
    task = {"tokens": dict.fromkeys(("one", "two", "unknown", "three"), "x")}
    use(task, lambda *report, **_: said.append(report[:3]), openers)
    assert [report[:2] for report in said] == [
        ("one", "failed"), ("two", "sent"), ("unknown", "failed"), ("three", "sent"),
    ]  # fmt: skip
    assert "on purpose" in said[0][2]


def test_the_question_is_one_that_name_servers_read():
    (asked,) = dns.parse(question("c0ffee")).questions
    assert (asked.name.rstrip("."), asked.type) == ("c0ffee.example.net", dns.Type.A)
