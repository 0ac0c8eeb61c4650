"""The account of the wire in one sentence, as every verdict quotes it.

Not a judgement: frames that belong to nothing are a gap, and gaps are weighed elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from auditor.judge.wording import plural
from auditor.model.frames import FrameKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.frames import FrameLedger

_CONTENT: Final = (
    (FrameKind.READ, "flow", "read"),
    (FrameKind.PACKET, "contact", "read from the capture alone"),
    (FrameKind.METADATA_ONLY, "flow", "empty"),
    (FrameKind.OPAQUE, "flow", "unreadable"),
)
_OTHER: Final = (
    (FrameKind.HOUSEKEEPING, "without content"),
    (FrameKind.OWN, "of our own programs"),
)


def frames_told(ledger: FrameLedger | None) -> tuple[str, ...]:
    """The sentence; none where nothing was captured, which is a gap."""
    if ledger is None:
        return ()
    parts = ", ".join(_parts(ledger))
    left = plural(ledger.left.frames, "frame")
    return (f"{left} left the box{f': {parts}' if parts else ''}; {ledger.unaccounted:,} unaccounted.",)


def _parts(ledger: FrameLedger) -> Iterator[str]:
    rows = {row.kind: row for row in ledger.rows}
    for kind, noun, what in _CONTENT:
        row = rows[kind]
        if row.items:
            yield f"{row.frames:,} in {plural(row.items, noun)} {what}"
    if lookups := rows[FrameKind.LOOKUP].items:
        yield f"{rows[FrameKind.LOOKUP].frames:,} in {plural(lookups, 'look-up')}"
    for kind, what in _OTHER:
        if rows[kind].frames:
            yield f"{rows[kind].frames:,} {what}"
