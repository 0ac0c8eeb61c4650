"""Geometry of the timeline: phases as bands, contacts as marks, one lane per host.

No drawing: positions are percentages of the width, so that the template can place text unscaled on any
screen. The time axis is stretched so that short phases stay readable; it is linear inside each phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.flow import Visibility
from auditor.model.run import APP_PHASES
from auditor.report.contacts import host_of
from auditor.report.headline import process_name
from auditor.report.text import seconds
from auditor.report.words import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Lookup
    from auditor.report.document import Flow
    from auditor.report.document import Result

MOST_LANES = 30
MOST_MARKS = 200
"""In one lane; further contacts of a host are only in the table."""
_LEAST_WIDTH = 12.0
"""Percent of the width that the shortest phase gets, enough for its name on a 375 px screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One phase."""

    name: str
    start_s: float
    end_s: float
    x: float
    """Left edge, percent."""
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One flow or look-up."""

    x: float
    width: float
    kind: str
    """`leak` (a canary was in it), `opaque`, `flow` or `lookup`."""
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One host."""

    host: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The whole picture."""

    bands: tuple[Band, ...]
    lanes: tuple[Lane, ...]
    hidden: int
    """Hosts for which there was no room."""


def timeline(result: Result) -> Timeline:
    """Lay out every contact of the app, the hosts contacted first on top."""
    bands = _bands(result)
    marks: dict[str, list[tuple[float, Mark]]] = {}
    for flow in result.flows:
        marks.setdefault(host_of(flow), []).append((flow.start_s, _flow_mark(flow, bands)))
    for lookup in result.lookups:
        marks.setdefault(lookup.name, []).append((lookup.start_s, _lookup_mark(lookup, bands)))
    ordered = sorted(marks.items(), key=lambda item: (min(when for when, _ in item[1]), item[0]))
    lanes = tuple(
        Lane(
            host=host,
            marks=tuple(mark for _, mark in sorted(seen, key=lambda item: item[0])[:MOST_MARKS]),
        )
        for host, seen in ordered[:MOST_LANES]
    )
    return Timeline(bands=bands, lanes=lanes, hidden=max(0, len(ordered) - MOST_LANES))


def _bands(result: Result) -> tuple[Band, ...]:
    phases = [phase for phase in result.run.phases if phase.name in APP_PHASES]
    spans = [(str(phase.name), phase.start_s, max(phase.end_s, phase.start_s)) for phase in phases]
    spans = spans or [("recording", 0.0, max(result.run.duration_s, 0.1))]
    spare = 100 - _LEAST_WIDTH * len(spans)
    least = _LEAST_WIDTH if spare >= 0 else 100 / len(spans)
    total = sum(end - start for _, start, end in spans) or 1.0
    bands: list[Band] = []
    left = 0.0
    for name, start, end in spans:
        width = least + max(spare, 0.0) * ((end - start) / total if total else 0)
        bands.append(Band(name=name, start_s=start, end_s=end, x=round(left, 2), width=round(width, 2)))
        left += width
    return tuple(bands)


def _position(moment: float, bands: Sequence[Band]) -> float:
    """Percent of the width; what falls between or outside the bands is put at the nearest edge."""
    for band in bands:
        if moment <= band.end_s:
            length = (band.end_s - band.start_s) or 1.0
            inside = min(max((moment - band.start_s) / length, 0.0), 1.0)
            return round(band.x + band.width * inside, 2)
    return 100.0


def _flow_mark(flow: Flow, bands: Sequence[Band]) -> Mark:
    left = _position(flow.start_s, bands)
    kind = "leak" if flow.canaries else "opaque" if flow.visibility is Visibility.OPAQUE else "flow"
    return Mark(
        x=left,
        width=round(max(_position(flow.end_s, bands) - left, 0.0), 2),
        kind=kind,
        label=f"{seconds(flow.start_s)}: {process_name(flow.process)} to {host_of(flow)}, "
        f"{PURPOSES[flow.purpose]}, {flow.bytes_out:,} bytes out",
    )


def _lookup_mark(lookup: Lookup, bands: Sequence[Band]) -> Mark:
    return Mark(
        x=_position(lookup.start_s, bands),
        width=0.0,
        kind="leak" if lookup.canaries else "lookup",
        label=f"{seconds(lookup.start_s)}: {process_name(lookup.process)} looked up {lookup.name} "
        f"({lookup.type})",
    )
