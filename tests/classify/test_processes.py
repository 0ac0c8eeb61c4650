from __future__ import annotations

import pytest

from auditor.classify import ledger
from auditor.classify.processes import ProcessTable
from auditor.evidence import journal
from auditor.model import observation as o
from auditor.model.process import NOBODY


def table(run):
    return ProcessTable(ledger.read(journal.read(run.directory.events)))


def test_owner_is_the_program_that_ran_at_that_time(run):
    run.process("11.2", "10.1", "/bin/sh")
    before = run.clock
    run.process("11.2", "10.1", "/usr/bin/curl", argv=("curl", "http://x"))
    processes = table(run)
    assert processes.owner("11.2", before, "cookie").executable == "/bin/sh"
    assert processes.owner("11.2", run.clock + 1, "cookie").argv == ("curl", "http://x")


def test_ancestry_goes_from_the_parent_to_the_first_process(run):
    run.process("11.2", "10.1", "/bin/sh")
    run.process("12.3", "11.2", "/usr/bin/node")
    assert table(run).owner("12.3", run.clock, "cookie").ancestry == ("/bin/sh", "/usr/bin/python3.11")
    assert table(run).owner("10.1", run.clock, "cookie").ancestry == ()


def test_reparented_daemon_is_traced_by_its_session(run):
    run.process("11.2", "10.1", "/bin/sh")
    run.process("13.4", "", "/usr/bin/daemon", session=11)
    assert table(run).owner("13.4", run.clock, "cookie").ancestry == ("/bin/sh", "/usr/bin/python3.11")


def test_daemon_whose_session_leader_was_never_seen_descends_from_the_app(run):
    run.process("13.4", "", "/usr/bin/daemon", session=999)
    assert table(run).owner("13.4", run.clock, "cookie").ancestry == ("/usr/bin/python3.11",)


def test_parent_noticed_before_reparenting_wins(run):
    run.process("11.2", "10.1", "/bin/sh")
    run.process("13.4", "11.2", "/bin/sh", event="noticed", session=11)
    run.process("13.4", "", "/usr/bin/daemon", session=13)
    assert table(run).owner("13.4", run.clock, "cookie").ancestry[0] == "/bin/sh"


def test_loop_of_parents_ends(run):
    run.process("20.1", "21.1")
    run.process("21.1", "20.1")
    assert len(table(run).owner("20.1", run.clock, "cookie").ancestry) <= 64


def test_launches_are_kept_apart_and_ends_are_known(run):
    run.process("30.1", "", "/usr/bin/control", role="control")
    run.write(o.ProcessExited(key="10.1", status=0))
    [process] = table(run).processes("app")
    assert process.key == "10.1"
    assert process.parent is None
    assert process.end_s == pytest.approx(run.clock)
    assert [one.executable for one in table(run).processes("control")] == ["/usr/bin/control"]


def test_unknown_key_keeps_its_pid_and_no_key_is_nobody(run):
    processes = table(run)
    assert processes.owner("77.5", 0.0, "cookie").pid == 77
    assert processes.owner("77.5", 0.0, "cookie").executable == ""
    assert processes.owner("", 0.0, "cookie") == NOBODY
    assert processes.role("77.5") == ""
