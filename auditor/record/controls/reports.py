"""How the control says what became of each channel: one line of text, written in the box, read outside.

Stand-alone: imports the standard library alone. Not what is observed: a report is the sender's belief.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

Task = dict[str, Any]
"""What to do, in plain values: see `auditor.record.controls.channels.task`."""
Tell = Callable[..., None]
"""(channel, outcome, detail="", sock=None, keep=True): reports of one channel."""
Ends = tuple[str, int, str, int]
"""Address and port of our end, then of the other; empty and 0 where unknown."""

SENT, FAILED, IMPOSSIBLE = "sent", "failed", "impossible"
"""Outcomes. Impossible: this box has no such channel, neither for us nor for the app."""
DONE = b"done"
"""The last message of a process that used all its channels."""
NOWHERE: Ends = ("", 0, "", 0)


def report(channel: str, outcome: str, detail: str = "", ends: Ends = NOWHERE) -> bytes:
    """One report as a line without its end."""
    fields = (channel, outcome, *ends, detail)
    return "\t".join(" ".join(str(field).split()) for field in fields).encode()


def read_report(line: bytes) -> tuple[str, str, Ends, str]:
    """Channel, outcome, ends and detail.

    Raises:
        ValueError: it is no report.
    """
    channel, outcome, ip, port, far_ip, far_port, detail = line.decode().split("\t")
    return channel, outcome, (ip, int(port), far_ip, int(far_port)), detail


def ends_of(sock: socket.socket | None, task: Task) -> Ends:
    """Both ends of a socket; the far one is unknown where it is not connected."""
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return NOWHERE
    near = sock.getsockname()
    own = task["own6" if sock.family == socket.AF_INET6 else "own4"]
    try:
        far = sock.getpeername()
    except OSError:
        far = ("", 0)
    return (near[0] if near[0] not in ("0.0.0.0", "::") else own), near[1], far[0], far[1]
