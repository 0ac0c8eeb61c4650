from __future__ import annotations

import dataclasses

import pytest

from auditor.report.timeline import MOST_LANES
from auditor.report.timeline import MOST_MARKS
from auditor.report.timeline import timeline


def test_bands_fill_the_width_without_gap(any_result):
    left = 0.0
    for band in timeline(any_result).bands:
        assert band.x == pytest.approx(left, abs=0.05)
        assert band.width >= 11.9
        left += band.width
    assert left == pytest.approx(100, abs=0.1)


def test_only_phases_of_the_app_are_drawn(failing):
    assert [band.name for band in timeline(failing).bands] == ["start", "idle", "prompt", "settle", "stop"]


def test_every_mark_lies_in_the_band_of_its_phase(failing):
    drawn = timeline(failing)
    bands = {band.name: band for band in drawn.bands}
    lanes = {lane.host: lane for lane in drawn.lanes}
    for flow in failing.flows:
        band = bands[flow.phase]
        marks = lanes[flow.destination.domain or flow.destination.ip].marks
        inside = [mark for mark in marks if band.x <= mark.x <= band.x + band.width]
        assert any(f"{flow.start_s:.1f} s" in mark.label for mark in inside)


def test_lanes_are_in_order_of_first_contact(failing):
    hosts = [lane.host for lane in timeline(failing).lanes]
    assert hosts[0] == "eu.i.posthog.com"
    assert hosts[-1] == "api.smith.langchain.com"


def test_kinds_of_marks(failing):
    kinds = {lane.host: {mark.kind for mark in lane.marks} for lane in timeline(failing).lanes}
    assert kinds["api.smith.langchain.com"] == {"leak", "lookup"}
    assert kinds["xn--pypl-53dc.example"] == {"opaque"}
    assert kinds["update.chat.example"] == {"lookup"}


def test_moments_outside_the_phases_stay_inside_the_picture(failing):
    early = dataclasses.replace(failing.flows[0], start_s=-5.0, end_s=-4.0)
    late = dataclasses.replace(failing.flows[0], start_s=1e6, end_s=2e6)
    drawn = timeline(dataclasses.replace(failing, flows=(early, late), lookups=()))
    assert {mark.x for lane in drawn.lanes for mark in lane.marks} == {0.0, 100.0}
    assert all(mark.width >= 0 for lane in drawn.lanes for mark in lane.marks)


def test_many_hosts_and_many_contacts_are_bounded_and_counted(failing):
    base = failing.flows[0]
    hosts = [
        dataclasses.replace(
            base,
            id=f"h{number}",
            destination=dataclasses.replace(base.destination, domain=f"{number}.example"),
        )
        for number in range(MOST_LANES + 7)
    ]
    repeated = [dataclasses.replace(base, id=f"r{number}", start_s=1.0) for number in range(MOST_MARKS + 5)]
    drawn = timeline(dataclasses.replace(failing, flows=(*repeated, *hosts), lookups=()))
    assert len(drawn.lanes) == MOST_LANES
    assert drawn.hidden == 8
    assert max(len(lane.marks) for lane in drawn.lanes) == MOST_MARKS
