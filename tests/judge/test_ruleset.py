from __future__ import annotations

import pytest

from auditor.errors import UsageError
from auditor.judge import ruleset
from auditor.judge.ruleset import default_rules_folder
from auditor.judge.ruleset import load_rules


def test_the_bundled_rules_load(bundled):
    ids = [rule.id for rule in bundled.rules]
    assert ids == sorted(ids)
    assert {"CAN001", "EGR001", "TLS001", "COV001"} <= set(ids)
    assert bundled.remedies


@pytest.mark.parametrize("part", ["safe", "clean", "spyware"])
def test_no_bundled_rule_uses_a_word_that_promises_or_accuses(part):
    for path in default_rules_folder().rglob("*.yaml"):
        words = path.read_text().lower().replace("-", " ").split()
        assert part not in [word.strip('.,:;"') for word in words], path


def test_every_bundled_rule_has_three_tests_and_a_title_that_completes_the_app(bundled):
    for rule in bundled.rules:
        assert len(rule.tests) >= 3, rule.id
        first = rule.title.split()[0]
        assert first.endswith("s") or first in {"Could", "Ran"}, rule.title


def test_the_digest_follows_names_and_contents(folder, rule_text, tmp_path):
    digest = load_rules([folder(rule_text())]).digest
    assert load_rules([tmp_path]).digest == digest
    folder(rule_text(("why: Because.", "why: Just so.")))
    assert load_rules([tmp_path]).digest != digest


def test_a_rule_is_found_by_its_id_in_any_case(bundled):
    assert bundled.rule("can001").name == "prompt-leaves-host"
    assert bundled.rule("XXX999") is None


def test_all_problems_of_all_files_come_at_once(folder, rule_text):
    folder(rule_text(("severity: high", "severity: x")))
    folder(rule_text(("id: EGR901", "id: EGR902"), ("each: flow", "each: x")), "EGR902-test-rule.yaml")
    root = folder("- word", "remedies.yaml")
    with pytest.raises(UsageError) as caught:
        load_rules([root])
    text = str(caught.value)
    assert "3 problems" in text
    assert f"{root}/EGR901-test-rule.yaml:5:1: " in text
    assert f"{root}/EGR902-test-rule.yaml:11:1: " in text
    assert f"{root}/remedies.yaml:1:3: " in text
    assert "audit rules check" in caught.value.fix


def test_an_id_belongs_to_one_rule(folder, rule_text):
    folder(rule_text())
    root = folder(rule_text(("name: test-rule", "name: other")), "EGR901-other.yaml")
    with pytest.raises(UsageError, match="EGR901 is used twice"):
        load_rules([root])


def test_a_folder_without_rules_is_a_mistake(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="holds no rules"):
            load_rules([path])


def test_a_file_with_another_ending_is_not_passed_over(folder, rule_text):
    folder(rule_text())
    root = folder(rule_text(), "EGR902-x.yml")
    with pytest.raises(UsageError, match=r"Let it end in \.yaml"):
        load_rules([root])


def test_too_many_and_too_large_files_are_refused(folder, rule_text, monkeypatch):
    root = folder(rule_text() + "#" * 70_000)
    with pytest.raises(UsageError, match="larger than"):
        load_rules([root])
    monkeypatch.setattr(ruleset, "MAX_FILES", 0)
    with pytest.raises(UsageError, match="more than 0 files"):
        load_rules([root])


def test_a_folder_adds_to_another(folder, rule_text, bundled):
    both = load_rules([default_rules_folder(), folder(rule_text())])
    assert len(both.rules) == len(bundled.rules) + 1
    assert both.digest != bundled.digest
