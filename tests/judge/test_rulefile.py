from __future__ import annotations

import msgspec
import pytest

from auditor.judge.rulefile import RuleFile
from auditor.judge.rulefile import rule_schema
from auditor.judge.rulefile import shape
from auditor.judge.source import read


@pytest.fixture
def good(rule_text):
    return read(rule_text().encode()).value


def complaints_about(value):
    found = []
    shaped = shape(value, RuleFile, (), lambda *one: found.append(one))
    assert (shaped is None) == bool(found)
    return found


def test_a_good_file_has_the_shape(good):
    assert complaints_about(good) == []


@pytest.mark.parametrize(
    ("where", "value", "fix"),
    [
        (("severity",), "hihg", "Did you mean `high`?"),
        (("each",), "flwo", "Did you mean `flow`?"),
        (("needs", 0), "flow", "Did you mean `flows`?"),
        (("lifecycle",), "beta", "experimental, stable, deprecated"),
        (("id",), "EGR1", "three capitals and three digits"),
        (("name",), "Bad Name", "lower-case words"),
        (("principles", 0), 11, "1 to 10"),
        (("title",), 5, "Change `title`"),
        (("tests", 0, "expect"), "fial", "Did you mean `fail`?"),
    ],
)
def test_a_wrong_value_is_complained_of_at_its_place(good, where, value, fix):
    target = good
    for part in where[:-1]:
        target = target[part]
    target[where[-1]] = value
    ((at, text, said),) = complaints_about(good)
    assert at == where
    assert f"`{next(part for part in reversed(where) if isinstance(part, str))}`" in text
    assert fix in said


def test_unknown_and_missing_keys_are_named(good):
    good["titel"] = good.pop("title")
    found = complaints_about(good)
    assert (("titel",), "Unknown key `titel`.", "Did you mean `title`?") in found
    assert ((), "The key `title` is missing.", "Add `title:`.") in found


def test_one_wrong_value_does_not_hide_the_next(good):
    good |= {"severity": "x", "each": "y", "principles": ["z"]}
    good["tests"][1]["expect"] = "w"
    assert len(complaints_about(good)) == 4


@pytest.mark.parametrize("value", [None, [], "word", 5])
def test_a_file_that_is_no_map_is_said_to_be_none(value):
    ((_, text, _),) = complaints_about(value)
    assert "Expected a map" in text


def test_the_schema_for_editors_knows_every_key():
    schema = rule_schema()
    keys = schema["$defs"]["RuleFile"]["properties"]
    assert set(keys) == {field.name for field in msgspec.structs.fields(RuleFile)}
