from __future__ import annotations

from pathlib import Path

from auditor.judge.docs import pages
from auditor.judge.docs import write
from auditor.judge.field import FIELDS

DOCS = Path(__file__).parents[2] / "docs" / "rules"
AGAIN = "write them anew: python -m auditor.judge.docs docs/rules"


def test_the_committed_pages_are_those_of_the_rules(bundled):
    wanted = pages(bundled)
    found = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    assert sorted(found) == sorted(wanted), AGAIN
    assert [name for name in wanted if found[name] != wanted[name]] == [], AGAIN


def test_every_rule_and_field_is_documented(bundled):
    wanted = pages(bundled)
    for rule in bundled.rules:
        page = wanted[f"{rule.id}.md"]
        assert rule.remedy in page
        assert all(test.name.replace("|", "\\|") in page for test in rule.tests)
    assert all(f"| `{field.name}` |" in wanted["fields.md"] for field in FIELDS)


def test_writing_removes_pages_of_rules_that_are_gone(tmp_path, bundled):
    (tmp_path / "OLD001.md").write_text("x")
    write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(pages(bundled))


def test_the_guide_names_every_key_and_modifier():
    from auditor.judge.field import Kind
    from auditor.judge.match import MODIFIERS
    from auditor.judge.rulefile import Need
    from auditor.judge.rulefile import rule_schema

    guide = (DOCS.parent / "rules.md").read_text(encoding="utf-8")
    words = [*rule_schema()["$defs"]["RuleFile"]["properties"], *MODIFIERS, *Kind, *Need]
    assert [word for word in words if f"`{word}`" not in guide and f"`{word}:`" not in guide] == []
