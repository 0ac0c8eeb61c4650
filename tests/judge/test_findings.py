from __future__ import annotations

import pytest

from auditor.judge.facts import Record
from auditor.judge.findings import KEPT
from auditor.judge.findings import find
from auditor.judge.rule import load_rule


@pytest.fixture
def rule(rule_text):
    return load_rule("x", "EGR901-test-rule.yaml", rule_text().encode())[0]


def record(n, name="app", domain="a.example", **more):
    fields = {"process.name": name, "destination.domain": domain}
    return Record(fields=fields, subject=f"f{n}", evidence=(f"events.jsonl:{n}",), **more)


def test_like_records_make_one_finding(rule):
    first, second = find(rule, [record(1), record(2, domain="b.example"), record(3, "other")], ())
    assert (first.count, second.count) == (2, 1)
    assert first.message == "app went to a.example, b.example"
    assert first.subjects == ("f1", "f2")
    assert first.evidence == ("events.jsonl:1", "events.jsonl:2")
    assert first.why == rule.why
    assert first.fingerprint != second.fingerprint


def test_a_fingerprint_is_the_same_in_another_run_and_does_not_depend_on_the_rest(rule):
    (one,) = find(rule, [record(1)], ())
    (two,) = find(rule, [record(77, domain="c.example", phase="idle")], ())
    assert one.fingerprint == two.fingerprint
    assert len(one.fingerprint) == 16
    int(one.fingerprint, 16)


def test_what_does_not_match_makes_nothing(rule):
    assert list(find(rule, [Record(fields={"process.name": "app"})], ())) == []


def test_a_flood_is_counted_but_not_carried(rule):
    (finding,) = find(rule, [record(n) for n in range(5000)], ())
    assert finding.count == 5000
    assert len(finding.evidence) == len(finding.subjects) == KEPT


def test_the_first_excerpt_is_quoted(rule):
    (finding,) = find(rule, [record(1), record(2, excerpt="the [[match]]"), record(3, excerpt="no")], ())
    assert finding.excerpt == "the [[match]]"
