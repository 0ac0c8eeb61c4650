"""The catalogue is well-formed, large enough, and every program is told from the others."""

from __future__ import annotations

import re
from collections import Counter

import leak_catalogue as catalogue
import pytest
from channels import CHANNELS
from cuts import CUTS
from encoders import ENCODERS
from quiet import QUIET
from row import FALSE_RULES
from row import Group
from shapes import SHAPES
from shapes import TIMINGS
from sources import SOURCES

from auditor.judge.ruleset import default_rules_folder
from auditor.judge.ruleset import load_rules

ROWS = tuple(catalogue.ROWS.values())
LEAKS = tuple(row for row in ROWS if row.group is not Group.NEGATIVE)


def test_there_are_enough_of_each():
    of = Counter(row.group for row in ROWS)
    assert sum(of[group] for group in Group if group is not Group.NEGATIVE) >= 60
    assert of[Group.NEGATIVE] >= 30
    assert min(of[Group.BASIC], of[Group.HARD]) >= 60


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_names_what_there_is(row):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.name)
    if row.quiet:
        assert row.quiet in QUIET
        return
    assert row.source in SOURCES
    assert {*row.encoding, *row.each} <= ENCODERS.keys()
    assert row.cut in {"", *CUTS}
    assert (row.channel in CHANNELS, row.timing in TIMINGS, row.shape in SHAPES) == (True, True, True)


def test_names_and_ways_differ():
    assert len(ROWS) == len({row.name for row in ROWS})
    ways = Counter((row.way, row.host, row.chat, row.rules) for row in LEAKS)
    assert [way for way, times in ways.items() if times > 1] == []


def test_rules_are_rules():
    known = {rule.id for rule in load_rules([default_rules_folder()]).rules}
    assert {rule for row in ROWS for rule in row.rules} <= known
    assert known >= FALSE_RULES


def test_the_undetectable_say_why():
    assert [row.name for row in ROWS if (row.group is Group.UNDETECTABLE) != bool(row.why)] == []


def test_all_parts_are_used():
    assert {row.channel for row in LEAKS} == CHANNELS.keys()
    assert {name for row in LEAKS for name in (*row.encoding, *row.each)} == ENCODERS.keys()
    assert {row.source for row in LEAKS} == SOURCES.keys()
    assert {row.cut for row in LEAKS} - {""} == CUTS.keys()
    assert ({row.timing for row in LEAKS}, {row.shape for row in LEAKS}) == (TIMINGS.keys(), SHAPES.keys())
