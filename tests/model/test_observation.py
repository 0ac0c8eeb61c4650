from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from auditor.model import observation
from auditor.model.observation import OBSERVATION_TYPES
from auditor.model.observation import Entry
from auditor.model.observation import Observation
from auditor.model.observation import RunEnded


def test_the_union_the_list_and_the_module_agree():
    defined = {each for each in vars(observation).values() if isinstance(each, type) and "kind" in vars(each)}
    assert set(get_args(Observation)) == set(OBSERVATION_TYPES) == defined


def test_kinds_are_unique():
    assert len({cls.kind for cls in OBSERVATION_TYPES}) == len(OBSERVATION_TYPES)


@pytest.mark.parametrize("cls", OBSERVATION_TYPES, ids=lambda cls: cls.kind)
def test_observations_are_written_once_and_never_changed(cls):
    assert cls.__struct_config__.frozen
    assert cls.__doc__


def test_an_entry_says_where_it_stands():
    entry = Entry(
        seq=218, t=0.0, mono=0.0, phase="idle", observer="record", what=RunEnded(app_status="exit 0")
    )
    assert entry.ref == "events.jsonl:218"
    with pytest.raises(AttributeError):
        entry.what.app_status = "exit 1"
    assert msgspec.structs.asdict(entry.what) == {"app_status": "exit 0"}
