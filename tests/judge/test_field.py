from __future__ import annotations

import pytest

from auditor.judge.field import BY_NAME
from auditor.judge.field import FIELDS
from auditor.judge.field import Kind
from auditor.judge.field import names_for
from auditor.judge.field import type_fault
from auditor.model.flow import Purpose


def test_names_are_unique_and_dotted():
    assert len(BY_NAME) == len(FIELDS)
    assert all("." in name and name == name.lower() for name in BY_NAME)


def test_every_kind_has_fields_of_its_own():
    common = set.intersection(*(set(names_for(kind)) for kind in Kind))
    assert all(set(names_for(kind)) > common for kind in Kind)


def test_closed_sets_come_from_the_model():
    assert set(BY_NAME["audit.purpose"].values) == set(Purpose)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("destination.port", 443, ""),
        ("destination.port", "443", "expects a number"),
        ("destination.port", True, "expects a number"),
        ("audit.declared", True, ""),
        ("audit.declared", "true", "expects true or false"),
        ("destination.domain", "a", ""),
        ("destination.domain", 1, "expects a text"),
        ("destination.ip", 1, "expects an IP address"),
    ],
)
def test_values_must_be_of_the_fields_type(name, value, fault):
    assert type_fault(BY_NAME[name], value) == fault
