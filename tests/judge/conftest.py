"""Builders of small cases: everything in order unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.judge.ruleset import default_rules_folder
from auditor.judge.ruleset import load_rules
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.canary import CanaryReport
from auditor.model.canary import Sighting
from auditor.model.case import Answer
from auditor.model.case import Case
from auditor.model.coverage import ControlResult
from auditor.model.coverage import Coverage
from auditor.model.flow import Destination
from auditor.model.flow import Flow
from auditor.model.flow import HttpExchange
from auditor.model.flow import Lookup
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.paired import Dependence
from auditor.model.paired import DependenceOutcome
from auditor.model.paired import Effect
from auditor.model.paired import Family
from auditor.model.process import Owner
from auditor.model.process import Process
from auditor.model.process import process_key
from auditor.model.run import APP_PHASES
from auditor.model.run import Assurance
from auditor.model.run import Mode
from auditor.model.run import Phase
from auditor.model.run import Run

PYTHON = Owner(
    key=process_key(41, 9001),
    pid=41,
    executable="/usr/bin/python3.11",
    argv=("python3", "/srv/chat.py", "hello"),
    ancestry=("/usr/bin/bash",),
    attribution="cookie",
)
RUN = Run(
    id="20261121T014500Z-chat-7f3a",
    started="2026-11-21T01:45:00Z",
    duration_s=12.5,
    command=("python3", "/srv/chat.py", "hello"),
    mode=Mode.SINKHOLE,
    assurance=Assurance.FULL,
    driver="argv",
    tool_version="0.1.0",
    phases=tuple(Phase(name=name, start_s=n, end_s=n + 1) for n, name in enumerate(APP_PHASES)),
    app_status="exit 0",
    home="/home/someone",
)


def _understood(channel):
    return None if channel == "file" else True


COVERAGE = Coverage(
    controls=tuple(
        ControlResult(channel=name, seen=True, attributed=True, round=moment, decoded=_understood(name))
        for moment in ("before", "after")
        for name in ("https", "dns", "file")
    ),
    packets_captured=120,
    packets_dropped=0,
    flows_total=0,
    flows_attributed=0,
    flows_decrypted=0,
    flows_opaque=0,
    answered=True,
    answer_contains_marker=True,
    prompted=True,
    gaps=(),
)
CASE = Case(
    run=RUN,
    flows=(),
    lookups=(),
    canaries=(),
    files=(),
    listeners=(),
    processes=(
        Process(
            key=process_key(41, 9001), pid=41, parent=None, executable="/usr/bin/python3.11",
            argv=PYTHON.argv, start_s=0.0, end_s=9.0,
        ),
    ),
    attempts=(),
    coverage=COVERAGE,
    reference=None,
    answers=(Answer(index=0, prompt="say it", answer="it", contains_marker=True, seconds=0.5),),
)  # fmt: skip
EXCHANGE = HttpExchange(
    id="f1.1",
    method="POST",
    url="https://stats.vendor.example/v1/events?k=1",
    status=200,
    bytes_out=80,
    bytes_in=2,
    request_headers=(("User-Agent", "chat/1.0"), ("Content-Type", "application/json; charset=utf-8")),
    request_body="ab12",
    response_body="",
    served_by="default",
    purpose=Purpose.TELEMETRY,
    evidence="events.jsonl:21",
)
FLOW = Flow(
    id="f1",
    phase="idle",
    start_s=1.0,
    end_s=1.5,
    process=PYTHON,
    destination=Destination(domain="stats.vendor.example", ip="198.18.0.7", port=443),
    transport="tcp",
    protocol="https",
    visibility=Visibility.DECRYPTED,
    sni="stats.vendor.example",
    ja4="t13d1516h2",
    bytes_out=400,
    bytes_in=120,
    purpose=Purpose.TELEMETRY,
    entity="Vendor",
    declared=False,
    canaries=(),
    requests=(EXCHANGE,),
    evidence=("events.jsonl:18",),
)
LOOKUP = Lookup(
    id="l1",
    phase="idle",
    start_s=0.9,
    process=PYTHON,
    name="stats.vendor.example.",
    type="A",
    answers=("198.18.0.7",),
    entity="Vendor",
    declared=False,
    followed=True,
    canaries=(),
    evidence=("events.jsonl:17",),
    server="192.168.77.1",
)
PROMPT = Canary(id="prompt-1", kind=CanaryKind.PROMPT, value="amber-4127", planted_in="prompt 1")
SIGHTING = Sighting(
    canary="prompt-1",
    where="request body",
    subject="f1",
    exchange="f1.1",
    encoding=("gzip",),
    excerpt="remember [[amber-4127]]",
)


def change(base, **changes):
    """A copy with some fields changed; `coverage__x` and `run__x` reach into a case."""
    for name in [name for name in changes if "__" in name]:
        outer, inner = name.split("__")
        changes[outer] = replace(changes.get(outer, getattr(base, outer)), **{inner: changes.pop(name)})
    return replace(base, **changes)


@pytest.fixture
def case():
    """`case(...)`: an app that answered one prompt and contacted nobody."""
    return lambda **changes: change(CASE, **changes)


@pytest.fixture
def flow():
    """`flow(...)`: one telemetry request to an undeclared host."""
    return lambda **changes: change(FLOW, **changes)


@pytest.fixture
def exchange():
    """`exchange(...)`: that request."""
    return lambda **changes: change(EXCHANGE, **changes)


@pytest.fixture
def lookup():
    """`lookup(...)`: the question before it."""
    return lambda **changes: change(LOOKUP, **changes)


@pytest.fixture
def sighted():
    """`sighted(...)`: the report of a prompt that was found in that request."""
    return lambda **changes: CanaryReport(canary=PROMPT, found=(change(SIGHTING, **changes),))


@pytest.fixture
def owner():
    """`owner(...)`: the process behind everything."""
    return lambda **changes: change(PYTHON, **changes)


@pytest.fixture
def dependence():
    """`dependence(...)`: paired runs in which everything depended on what was typed."""
    effects = tuple(
        Effect(family=one, measure="bytes sent", destination="", chance=0.0, detail="") for one in Family
    )
    made = Dependence(
        outcome=DependenceOutcome.DEPENDS, effects=effects, runs=7, typed=7, most=24, error_rate=0.001,
        tests=(), reason="", power="", most_unread=0, longest_prompt=2300,
    )  # fmt: skip
    return lambda **changes: change(made, **changes)


@pytest.fixture(scope="session")
def bundled():
    """The rules of this repository."""
    return load_rules([default_rules_folder()])


RULE = """\
id: EGR901
name: test-rule
title: Does something
lifecycle: stable
severity: high
confidence: high
why: Because.
remedy: Stop it.
principles: [1]
needs: [flows]
each: flow
detect:
  any:
    destination.domain|exists: true
  condition: any
fingerprint: [process.name]
message: "{process.name} went to {destination.domain}"
tests:
  - name: one
    given: {destination.domain: a.example}
    expect: fail
  - name: two
    given: {destination.ip: 192.0.2.1}
    expect: pass
"""


@pytest.fixture
def rule_text():
    """A smallest rule; `rule_text(old, new)` replaces one part of it."""

    def make(*edits):
        text = RULE
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        return text

    return make


@pytest.fixture
def folder(tmp_path):
    """`folder(text, name=...)`: a rule folder with one file."""

    def make(text, name="EGR901-test-rule.yaml"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return make
