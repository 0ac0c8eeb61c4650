"""Runs the tool with one of its eyes put out: `blinded.py KIND ARGUMENT...`.

The box, the app and our own control stay real; only what an observer writes down is lost.
"""

from __future__ import annotations

import sys
from typing import Any

from auditor.__main__ import main
from auditor.capture import packets
from auditor.evidence.journal import Journal


def losing(observer: str, *kinds: str) -> None:
    """The journal never hears from an observer, or nothing of these kinds."""
    write = Journal.write

    def lossy(self: Journal, by: str, what: Any, **more: Any) -> Any:
        if by == observer and (not kinds or what.kind in kinds):
            return None
        return write(self, by, what, **more)

    Journal.write = lossy  # type: ignore[method-assign]


def thin_capture() -> None:
    """Every other block of frames is neither kept nor counted as dropped."""
    write, seen = packets.CaptureFile.write, [0]

    def lossy(self: packets.CaptureFile, data: bytes) -> None:
        seen[0] += 1
        if seen[0] < 2 or seen[0] % 2:
            write(self, data)

    packets.CaptureFile.write = lossy  # type: ignore[method-assign]


KINDS = {
    "no-flows": lambda: losing("proxy", "flow.opened"),
    "no-bodies": lambda: losing("proxy", "http.body", "stream.data", "http.request"),
    "few-packets": thin_capture,
}

if __name__ == "__main__":
    KINDS[sys.argv.pop(1)]()
    main()
