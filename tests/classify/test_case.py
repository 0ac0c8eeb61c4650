from __future__ import annotations

import time

import pytest

from auditor.classify.case import classify
from auditor.evidence.store import open_run


def test_run_and_phases(blank):
    blank.open(declared=(("a.example", "telemetry"),))
    blank.phase("idle")
    blank.phase("prompt")
    case = classify(blank.seal())
    assert [phase.name for phase in case.run.phases] == ["start", "idle", "prompt"]
    for before, after in zip(case.run.phases, case.run.phases[1:], strict=False):
        assert before.end_s == after.start_s
    assert case.run.phases[-1].end_s == case.run.duration_s
    assert case.run.declared[0].host == "a.example"
    assert case.run.app_status == "exit 0"
    assert case.run.sealed


def test_cut_off_journal_is_readable(run):
    run.flow("10.1")
    directory = run.leave()
    with directory.events.open("ab") as file:
        file.write(b'{"seq": 99, "t": 1')
    case = classify(open_run(directory.root))
    assert len(case.flows) == 1
    assert not case.run.sealed


def test_journal_without_a_run_is_an_error(blank):
    blank.process("10.1")
    with pytest.raises(ValueError, match=r"run\.opened"):
        classify(blank.leave())


def test_observations_written_late_fall_into_place(run):
    """The watcher's lines may reach the journal after the proxy's."""
    flow = run.flow("", cookie=77)
    run.clock -= 0.005
    run.call("10.1", "198.18.0.5", 443, cookie=77)
    assert classify(run.seal()).flows[0].process.attribution == "cookie"
    assert flow == "f1"


def test_two_thousand_flows_take_seconds(run):
    run.canary("velka-zofin-4821")
    run.process("11.1", "10.1", "/bin/worker")
    for number in range(2000):
        run.lookup("11.1", f"h{number}.example", f"198.18.{number // 250}.{number % 250}")
        flow = run.flow("11.1", f"198.18.{number // 250}.{number % 250}", 80)
        run.request(flow, f"http://h{number}.example/x", {"event": number})
        run.close(flow, "http")
    directory = run.seal()
    begun = time.process_time()
    case = classify(directory)
    assert time.process_time() - begun < 60
    assert len(case.flows) == 2000
    assert {flow.process.executable for flow in case.flows} == {"/bin/worker"}
    assert case.flows[1999].destination.domain == "h1999.example"
