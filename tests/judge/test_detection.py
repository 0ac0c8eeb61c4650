from __future__ import annotations

import pytest

from auditor.judge.detection import compile_detection
from auditor.judge.detection import compile_selection
from auditor.judge.field import Kind


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def compiled(complaints):
    def build(source, kind=Kind.FLOW):
        return compile_detection(source, kind, ("detect",), lambda *found: complaints.append(found))

    return build


def test_a_map_is_and_and_a_list_of_maps_is_or(compiled):
    detection = compiled(
        {
            "both": {"destination.domain": "a", "destination.port": 1},
            "either": [{"destination.domain": "a"}, {"destination.port": 2}],
            "condition": "both or not either",
        }
    )
    assert detection.holds({"destination.domain": "a", "destination.port": 1})
    assert not detection.holds({"destination.domain": "a", "destination.port": 3})
    assert not detection.holds({"destination.port": 2})
    assert detection.holds({"destination.port": 3})


def test_every_mistake_is_complained_of_at_its_place(compiled, complaints):
    result = compiled(
        {
            "one": {"destination.domian": "a", "destination.port|contains": 1},
            "two": {"file.path": "/x"},
            "three": ["word"],
            "four": {},
            "condition": "one and two and three and four",
        }
    )
    assert result is None
    assert {where for where, _, _ in complaints} == {
        ("detect", "one", "destination.domian"),
        ("detect", "one", "destination.port|contains"),
        ("detect", "two", "file.path"),
        ("detect", "three"),
        ("detect", "four"),
    }
    assert ("Did you mean `destination.domain`?") in [fix for _, _, fix in complaints]


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ({"a": {"destination.port": 1}}, "lacks its `condition`"),
        ({"a": {"destination.port": 1}, "condition": 5}, "lacks its `condition`"),
        ({"a": {"destination.port": 1}, "condition": "b"}, "no selection `b`"),
        ({"a": {"destination.port": 1}, "b": {"destination.port": 2}, "condition": "a"}, "`b` is not used"),
    ],
)
def test_the_condition_must_fit_the_selections(compiled, complaints, source, part):
    compiled(source)
    assert [text for _, text, _ in complaints if part in text]


def test_a_selection_with_a_wrong_line_is_no_selection(complaints):
    wrong = [{"destination.port": 1}, {"destination.port": "x"}]
    assert compile_selection(wrong, Kind.FLOW, (), lambda *found: complaints.append(found)) is None
    assert len(complaints) == 1
