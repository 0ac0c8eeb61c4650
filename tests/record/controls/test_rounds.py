"""Both rounds in a real box without observers, and without anybody who answers."""

from __future__ import annotations

import pytest

from auditor.model.observation import ControlSent
from auditor.model.observation import GapNoted
from auditor.record.controls import openers
from auditor.record.controls import rounds
from auditor.record.controls.rounds import After
from auditor.record.controls.rounds import Before

pytestmark = [
    pytest.mark.box,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


@pytest.fixture
def planted():
    return []


@pytest.fixture
def before(box, journal, planted):
    def make(*wanted):
        return Before(box, journal, planted.append, wanted, ipv6=True)

    return make


def test_before_the_app_all_is_sent_the_disk_is_looked_at_and_nobody_is_left(box, before, planted, written):
    first = before("tcp", "file", "daemon")
    looked = []
    first.begin()
    first.settle(lambda: looked.append(box.process_count()))
    assert looked in ([1], [2])  # once; the errand, and its child where that was not reaped yet
    assert box.process_count() == 0
    first.finish()
    assert [canary.id for canary in planted] == [
        f"control-before-{name}" for name in ("tcp", "file", "daemon")
    ]
    sent = written(ControlSent)
    assert [(each.channel, each.round, each.ok) for each in sent] == [
        ("tcp", "before", True), ("file", "before", True), ("daemon", "before", True),
    ]  # fmt: skip
    assert (sent[0].server_port, sent[0].client_ip) == (7007, "192.168.77.23")
    assert sent[0].client_port > 0
    assert written(GapNoted) == []


def test_without_an_answer_the_conversation_is_a_gap(before, written, monkeypatch):
    monkeypatch.setattr(rounds, "_ANSWER_S", 0.2)
    first = before("http")
    first.begin()
    first.settle(lambda: None)
    first.answer(lambda: True, b"")
    first.finish()
    (gap,) = written(GapNoted)
    assert "before the app got no answer on http" in gap.text
    assert gap.blinds


def test_where_the_proxy_never_comes_nobody_talks(before, written):
    first = before("http")
    first.begin()
    first.settle(lambda: None)
    first.answer(lambda: False, b"")
    first.finish()
    assert written(GapNoted) == []


def test_a_box_that_is_gone_is_no_success(box, before, written):
    first = before("tcp", "dns")
    box.close()
    first.begin()
    first.settle(lambda: None)
    first.finish()
    assert [each.ok for each in written(ControlSent)] == [False, False]
    assert "could not be started" in written(GapNoted)[0].text


def test_what_the_box_forbids_everyone_is_named_and_does_not_blind(before, written):
    first = before("icmp")
    first.task["ipv4"] = "203.0.113.1"
    first.collected.take(b"icmp\timpossible\t\t0\t\t0\t[Errno 13] Permission denied")
    first.write()
    (gap,) = written(GapNoted)
    assert "lets no program use the channel icmp" in gap.text
    assert not gap.blinds
    assert written(ControlSent) == []


def test_after_the_app_a_program_does_it(box, journal, planted, written):
    After(box, journal, planted.append, ("tcp", "child", "unix", "file"), ipv6=True).run(b"")
    sent = written(ControlSent)
    assert [(each.channel, each.round, each.ok) for each in sent] == [
        (name, "after", True) for name in ("tcp", "child", "unix", "file")
    ]
    assert sent[-1].detail in {layer.mount for layer in box.plan.layers}
    assert written(GapNoted) == []


def test_after_a_box_that_is_gone(box, journal, planted, written):
    box.close()
    After(box, journal, planted.append, ("tcp", "quic"), ipv6=True).run(b"")
    assert [each.ok for each in written(ControlSent)] == [False, False]
    assert "after the app could not be started" in written(GapNoted)[0].text


def test_the_values_are_not_on_the_disk_before_they_are_written(before):
    first = before("file")
    (token,) = first.task["tokens"].values()
    assert openers.file_name("/tmp/", token) == f"/tmp/{token}.txt"
