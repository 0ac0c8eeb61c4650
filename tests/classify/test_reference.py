from __future__ import annotations

from auditor.classify.case import classify
from auditor.model import observation as o


def ran(run, **changes):
    values = {"engine": "llama.cpp", "version": "b1", "model_sha256": "ab", "tokens_per_second": 300.0}
    run.write(o.ReferenceRan(**{**values, **changes}))


def test_reference_is_counted_apart(run):
    run.canary("velka-zofin-4821")
    run.flow("10.1")
    run.phase("reference")
    run.process("30.1", "", "/usr/bin/llama-server", role="reference")
    run.write(
        o.ListenerSeen(
            transport="tcp", address="127.0.0.1", port=8080, inode=1, owner="30.1", role="reference"
        )
    )
    run.prompt("Say velka-zofin-4821", "velka-zofin-4821", role="reference")
    ran(run)
    case = classify(run.seal())
    reference = case.reference
    assert (reference.flows, reference.lookups, reference.files, reference.canaries_found) == (0, 0, 0, 0)
    assert (reference.prompts, reference.listeners, reference.processes) == (1, 1, 1)
    assert reference.answers[0].contains_marker
    assert reference.tokens_per_second == 300.0
    assert case.answers == ()
    assert len(case.flows) == 1
    assert [process.key for process in case.processes] == ["10.1"]


def test_leaking_reference_would_be_seen(run):
    run.canary("velka-zofin-4821")
    run.phase("reference")
    run.process("30.1", "", "/usr/bin/llama-server", role="reference")
    flow = run.flow("30.1", role="reference")
    run.request(flow, "https://x.example/", b"velka-zofin-4821")
    run.lookup("30.1", "x.example", role="reference")
    run.file("/tmp/x", b"velka-zofin-4821", role="reference")
    ran(run, error="stopped")
    reference = classify(run.seal()).reference
    assert (reference.flows, reference.lookups, reference.files, reference.canaries_found) == (1, 1, 1, 1)
    assert reference.error == "stopped"


def test_no_reference(run):
    assert classify(run.seal()).reference is None


def test_prompt_without_answer_is_listed(run):
    run.prompt("hello", None)
    [answer] = classify(run.seal()).answers
    assert (answer.prompt, answer.answer, answer.error) == ("hello", "", "no answer was recorded")
