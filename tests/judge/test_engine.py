from __future__ import annotations

import itertools
import time
from dataclasses import replace

import pytest

from auditor.judge.engine import judge
from auditor.judge.policy import Policy
from auditor.judge.rulefile import Lifecycle
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.canary import CanaryReport
from auditor.model.canary import Sighting
from auditor.model.finding import Outcome
from auditor.model.flow import Destination
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.run import Declared

TRACING = Destination(domain="api.smith.langchain.com", ip="198.18.0.9", port=443)


@pytest.fixture
def judged(bundled):
    return lambda case: judge(case, bundled, Policy())


def fired(judgement):
    return [finding.rule for finding in judgement.findings]


def test_an_app_that_contacts_nobody_passes(case, judged):
    judgement = judged(case())
    assert judgement.verdict.outcome is Outcome.PASS
    assert judgement.findings == ()
    assert {outcome.outcome for outcome in judgement.rules} == {"pass", "not-available"}
    # No mark was put into answers, no secret planted, no false certificate shown.
    unable = {outcome.rule for outcome in judgement.rules if outcome.outcome == "not-available"}
    assert unable == {"CAN004", "CAN005", "CAN020", "CAN021", "CAN022", "TLS002"}


def test_a_traced_prompt_fails_and_is_quoted_with_its_switch(case, flow, exchange, sighted, judged):
    leak = flow(
        destination=TRACING, canaries=("prompt-1",), purpose=Purpose.PROMPT_LEAK,
        requests=(exchange(url="https://api.smith.langchain.com/runs/multipart", purpose=Purpose.PROMPT_LEAK),),
    )  # fmt: skip
    judgement = judged(case(flows=(leak,), canaries=(sighted(),)))
    worst = judgement.findings[0]
    assert judgement.verdict.exit_code == 1
    assert worst.rule == "CAN001"
    assert worst.destination == TRACING
    assert worst.process.executable == "/usr/bin/python3.11"
    assert worst.message == (
        "python3.11 (chat.py) sent prompt 1 to api.smith.langchain.com in the request body (gzip)"
    )
    assert worst.excerpt == "remember [[amber-4127]]"
    assert "LANGSMITH_TRACING" in worst.remedy
    assert worst.evidence == ("events.jsonl:21",)
    assert worst.why


def test_undeclared_telemetry_is_two_findings_however_many_connections(case, flow, judged):
    flows = tuple(flow(id=f"f{n}", requests=()) for n in range(24))
    judgement = judged(case(flows=flows))
    assert fired(judgement) == ["EGR001", "TEL001"]
    assert judgement.findings[0].count == 24
    assert judgement.verdict.exit_code == 1


def test_a_declared_contact_fails_nothing(case, flow, judged):
    judgement = judged(case(flows=(flow(declared=True),), run__declared=(Declared(host="*.vendor.example"),)))
    assert fired(judgement) == []
    assert judgement.verdict.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("purpose", "rules", "outcome"),
    [
        ("telemetry", ["CAN001"], Outcome.FAIL),
        ("", ["CAN001"], Outcome.FAIL),
        ("cloud-inference", ["CAN006"], Outcome.PASS),
        ("prompt-leak", ["CAN006"], Outcome.PASS),
    ],
)
def test_a_prompt_leaves_a_declared_host_only_where_that_was_declared(
    case, flow, sighted, judged, purpose, rules, outcome
):
    declared = (Declared(host="stats.vendor.example", purpose=purpose),)
    judgement = judged(case(flows=(flow(declared=True),), canaries=(sighted(),), run__declared=declared))
    assert fired(judgement) == rules
    assert judgement.verdict.outcome is outcome


_SIGHTINGS = itertools.product(
    ("prompt", "document", "response", "file", "env", "identity"),
    ("f1", "f1.1", "l1", "frame 3"),
    ("request body", "url", "header cookie", "lookup", "stream", "packet", "sni", "something new"),
    ("http", "https", "raw"),
    (None, "", "telemetry", "cloud-inference"),
)
_SPEAKING = {"CAN001", "CAN002", "CAN003", "CAN004", "CAN005", "CAN006", "IDN009"}


def test_no_canary_leaves_without_a_finding(case, flow, lookup, judged):
    silent = []
    for kind, subject, where, protocol, purpose in _SIGHTINGS:
        if where == "packet" and protocol == "http" and subject != "frame 3":
            continue  # the same bytes are sighted in the request that the packet is a part of
        exchange = subject if "." in subject else ""
        sighting = Sighting(canary="c", where=where, subject=subject.partition(".")[0], exchange=exchange)
        canary = Canary(id="c", kind=CanaryKind(kind), value="v", planted_in="somewhere")
        declared = purpose is not None
        judgement = judged(
            case(
                flows=(flow(protocol=protocol, declared=declared),),
                lookups=(lookup(declared=declared),),
                canaries=(CanaryReport(canary=canary, found=(sighting,)),),
                run__declared=(Declared(host="stats.vendor.example", purpose=purpose),) if declared else (),
            )
        )
        if not set(fired(judgement)) & _SPEAKING:
            silent.append((kind, subject, where, protocol, purpose))
    assert silent == []


@pytest.mark.parametrize(
    "purpose",
    [
        one
        for one in Purpose
        if one
        not in {
            Purpose.UNKNOWN,
            Purpose.FIRST_PARTY_API,
            Purpose.PROMPT_LEAK,
            Purpose.RESPONSE_LEAK,
            Purpose.DNS_ONLY,
        }
    ],
)
def test_every_purpose_has_a_rule_on_exchanges_and_on_flows_without_one(
    case, flow, exchange, judged, purpose
):
    with_exchange = judged(case(flows=(flow(purpose=purpose, requests=(exchange(purpose=purpose),)),)))
    without = judged(case(flows=(flow(purpose=purpose, requests=()),)))
    assert fired(with_exchange) == fired(without)
    assert len(fired(without)) == 2


def test_a_lookup_without_a_connection_fails(case, lookup, judged):
    judgement = judged(case(lookups=(lookup(followed=False), lookup(id="l2", type="AAAA", followed=False))))
    assert fired(judgement) == ["EGR002"]
    assert judgement.findings[0].count == 2
    assert "stats.vendor.example" in judgement.findings[0].message


def test_a_declared_flow_that_could_not_be_read_is_inconclusive(case, flow, judged):
    opaque = flow(visibility=Visibility.OPAQUE, requests=(), declared=True)
    judgement = judged(case(flows=(opaque,), run__declared=(Declared(host="stats.vendor.example"),)))
    assert fired(judgement) == ["TLS001"]
    assert judgement.verdict.outcome is Outcome.INCONCLUSIVE
    outcomes = {one.rule: one for one in judgement.rules}
    assert outcomes["CAN001"].outcome == "not-available"
    assert outcomes["CAN001"].note == "the content of 1 of 1 flows could not be read"


def test_without_evidence_no_rule_passes(case, judged):
    judgement = judged(case(coverage__controls=(), coverage__prompted=False, run__driver="none"))
    passed = {one.rule for one in judgement.rules if one.outcome == "pass"}
    assert passed == {"COV001", "COV002"}
    assert judgement.verdict.outcome is Outcome.INCONCLUSIVE


def test_a_rule_that_breaks_is_a_result_and_the_others_still_speak(case, flow, bundled):
    def broken(_fields):
        raise RecursionError("deep")

    first, *others = bundled.rules
    selections = dict.fromkeys(first.detection.selections, broken)
    wrong = replace(first, each="flow", detection=replace(first.detection, selections=selections))
    judgement = judge(case(flows=(flow(),)), replace(bundled, rules=(wrong, *others)), Policy())
    assert judgement.rules[0].outcome == "error"
    assert judgement.rules[0].note == "RecursionError: deep"
    assert "EGR001" in fired(judgement)
    assert judgement.verdict.outcome is Outcome.FAIL
    alone = judge(case(flows=(flow(),)), replace(bundled, rules=(wrong,)), Policy())
    assert alone.verdict.outcome is Outcome.INCONCLUSIVE


def test_a_deprecated_rule_is_not_run(case, flow, bundled):
    retired = tuple(replace(rule, lifecycle=Lifecycle.DEPRECATED) for rule in bundled.rules)
    judgement = judge(case(flows=(flow(),)), replace(bundled, rules=retired), Policy())
    assert judgement.rules == ()


def test_judging_again_says_the_same(case, flow, lookup, sighted, judged):
    one = case(flows=(flow(),), lookups=(lookup(),), canaries=(sighted(),))
    assert judged(one) == judged(one)


def test_a_flood_of_connections_is_judged_in_seconds(case, flow, judged):
    flows = tuple(flow(id=f"f{n}", requests=()) for n in range(20_000))
    started = time.process_time()
    judgement = judged(case(flows=flows))
    assert time.process_time() - started < 20
    assert judgement.findings[0].count == 20_000
