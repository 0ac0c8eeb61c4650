from __future__ import annotations

import pytest

from auditor.judge.frames import frames_told
from auditor.judge.policy import Policy
from auditor.judge.verdict import decide
from auditor.model.frames import FrameCount
from auditor.model.frames import FrameKind
from auditor.model.frames import FrameLedger
from auditor.model.frames import FrameRow


def made(**frames):
    """A ledger with these frames (and items) by kind."""
    counts = {kind: frames.get(kind.name.lower(), (0, 0)) for kind in FrameKind}
    return FrameLedger(
        left=FrameCount(frames=sum(count for count, _ in counts.values()), bytes=9),
        arrived=FrameCount(),
        inside=FrameCount(),
        rows=tuple(
            FrameRow(kind=kind, frames=count, bytes=1, payload_bytes=0, items=items)
            for kind, (count, items) in counts.items()
        ),
        unaccounted=counts[FrameKind.UNACCOUNTED][0],
        examples=(),
        unrecorded_bytes=0,
        reread=0,
    )


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ({}, "0 frames left the box; 0 unaccounted."),
        (
            {"read": (4010, 31), "opaque": (12, 1), "lookup": (40, 20), "housekeeping": (200, 0), "own": (50, 0)},
            ("4,312 frames left the box: 4,010 in 31 flows read, 12 in 1 flow unreadable, 40 in 20 look-ups, "
             "200 without content, 50 of our own programs; 0 unaccounted."),
        ),
        (
            {"packet": (3, 2), "metadata_only": (0, 1), "unaccounted": (7, 2)},
            "10 frames left the box: 3 in 2 contacts read from the capture alone, 0 in 1 flow empty; 7 unaccounted.",
        ),
    ],
)  # fmt: skip
def test_the_account_in_one_sentence(frames, told):
    assert frames_told(made(**frames)) == (told,)


def test_without_a_capture_there_is_none():
    assert frames_told(None) == ()


def test_every_verdict_quotes_it(case):
    reasons = decide(case(coverage__ledger=made(read=(5, 1))), (), (), Policy()).reasons
    assert "5 frames left the box: 5 in 1 flow read; 0 unaccounted." in reasons
