from __future__ import annotations

import pytest

from auditor.judge.rule import load_rule


def load(text, name="EGR901-test-rule.yaml"):
    data = text if isinstance(text, bytes) else text.encode()
    return load_rule(f"rules/{name}", name, data)


def test_a_good_rule_is_compiled(rule_text):
    rule, problems = load(rule_text())
    assert problems == []
    assert rule.id == "EGR901"
    assert rule.detection.holds({"destination.domain": "a.example"})
    assert not rule.detection.holds({"destination.ip": "192.0.2.1"})
    assert [test.mark.line for test in rule.tests] == [19, 22]


BAD = [
    ("id: EGR901", "id: EGR902", 1, 1, "Call it EGR902-test-rule.yaml"),
    ("name: test-rule", "name: other", 1, 1, "Call it EGR901-other.yaml"),
    ("severity: high", "severity: hihg", 5, 1, "Did you mean `high`?"),
    ("remedy: Stop it.", "remedie: Stop it.", 8, 1, "Did you mean `remedy`?"),
    ("why: Because.", "why: ''", 7, 1, "why"),
    ("principles: [1]", "principles: [1, 12]", 9, 17, "1 to 10"),
    ("needs: [flows]", "needs: [flow]", 10, 9, "Did you mean `flows`?"),
    ("each: flow", "each: flaw", 11, 1, "Did you mean `flow`?"),
    ("    destination.domain|exists: true", "    destination.domian: x", 14, 5, "destination.domain"),
    ("    destination.domain|exists: true", "    dns.question.name: x", 14, 5, "It belongs to"),
    ("    destination.domain|exists: true", "    audit.purpose: telemtry", 14, 5, "telemetry"),
    ("    destination.domain|exists: true", "    url.path|re: (a+)+", 14, 5, "repetition inside"),
    ("    destination.domain|exists: true", "    destination.port: many", 14, 5, "expects a number"),
    ("condition: any", "condition: any and", 15, 3, "at the end"),
    ("condition: any", "condition: other", 15, 3, "no selection `other`"),
    ("fingerprint: [process.name]", "fingerprint: [process.nmae]", 16, 15, "process.name"),
    ("{destination.domain}", "{destination.domian}", 17, 1, "destination.domain"),
    ("{destination.domain}", "{destination.domain", 17, 1, "brace"),
    ("given: {destination.domain: a.example}", "given: {destination.port: '1'}", 20, 13, "expects a number"),
    ("given: {destination.domain: a.example}", "given: {audit.phase: sleep}", 20, 13, "is never `sleep`"),
    ("given: {destination.domain: a.example}", "given: {nothing: 1}", 20, 13, "Unknown field"),
    ("expect: fail", "expect: maybe", 21, 5, "fail, pass"),
    ("expect: pass", "expect: fail", 18, 1, "No test expects `pass`"),
    ("expect: pass", "expect: pass\n    todo: later", 18, 1, "No test expects `pass`"),
    ("title: Does something", "title: Does something\ntitle: Again", 4, 1, "given twice"),
    ("title: Does something", "title: *x", 3, 8, "Anchors"),
    ("tests:", "tests: [", 19, 3, "Not YAML"),
]


@pytest.mark.parametrize(("old", "new", "line", "column", "part"), BAD)
def test_every_class_of_mistake_is_located(rule_text, old, new, line, column, part):
    rule, problems = load(rule_text((old, new)))
    assert rule is None
    assert [
        str(one) for one in problems
        if (one.mark.line, one.mark.column) == (line, column) and part in f"{one.text} {one.fix}"
    ], [str(one) for one in problems]  # fmt: skip
    assert all(one.fix for one in problems)


def test_all_mistakes_of_a_file_come_at_once(rule_text):
    edits = [
        ("severity: high", "severity: x"),
        ("each: flow", "each: y"),
        ("principles: [1]", "principles: [0]"),
    ]
    _, problems = load(rule_text(*edits))
    assert len(problems) == 3
    edits = [
        ("|exists: true", "|exsts: true"),
        ("condition: any", "condition: an"),
        ("{process.name}", "{nmae}"),
    ]
    _, problems = load(rule_text(*edits))
    assert len(problems) == 3


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"- a", b"word", b"a: [", b"{}"])
def test_what_is_no_rule_at_all_is_a_problem_not_an_exception(data):
    rule, problems = load(data)
    assert rule is None
    assert problems
