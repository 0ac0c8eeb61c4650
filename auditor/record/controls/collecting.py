"""Reads what the control in the box reports, and takes over the sockets that it opened.

Not the sending: that is `sending`, on the other end of the line.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from auditor.record.controls.reports import DONE
from auditor.record.controls.reports import FAILED
from auditor.record.controls.reports import NOWHERE
from auditor.record.controls.reports import Ends
from auditor.record.controls.reports import read_report

if TYPE_CHECKING:
    from collections.abc import Iterable

_MESSAGE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was said of one channel."""

    channel: str
    outcome: str
    """`sent`, `failed` or `impossible`."""
    ends: Ends = NOWHERE
    detail: str = ""


@dataclass(slots=True, kw_only=True)
class Collected:
    """Reports by channel, and the sockets that came with them, whose owner this is."""

    reports: dict[str, Report] = field(default_factory=dict)
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    done: bool = False

    def take(self, line: bytes, descriptors: Iterable[int] = ()) -> None:
        """Take one message; what is no report is passed over."""
        sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        if line == DONE:
            self.done = True
            return
        try:
            channel, outcome, ends, detail = read_report(line)
        except ValueError:
            channel = ""
        else:
            self.reports[channel] = Report(channel=channel, outcome=outcome, ends=ends, detail=detail)
        for each in sockets:
            self.sockets[channel] = each

    def of(self, channel: str) -> Report:
        """What was said of a channel; a failure when nothing was."""
        missing = Report(channel=channel, outcome=FAILED, detail="the control did not come this far")
        return self.reports.get(channel, missing)

    def read(self, line: socket.socket, channels: Iterable[str], timeout_s: float) -> None:
        """Read until everything was said, the other end let go, or the time is over."""
        wanted, until = set(channels), time.monotonic() + timeout_s
        while not (self.done and wanted <= self.reports.keys()) and _message(self, line, until):
            pass

    def await_end(self, line: socket.socket, timeout_s: float) -> bool:
        """Read until the last process on the other end has let go; False when the time was over first."""
        until = time.monotonic() + timeout_s
        while _message(self, line, until):
            pass
        return time.monotonic() < until

    def close(self) -> None:
        """Close the sockets."""
        for each in self.sockets.values():
            each.close()


def release(line: socket.socket) -> None:
    """Tell the other end that it may take back what it left, and end."""
    with contextlib.suppress(OSError):  # it has ended already
        line.send(b"+")


def _message(collected: Collected, line: socket.socket, until: float) -> bool:
    """Take one message; False at the end of the line and of the time."""
    if not select.select([line], [], [], max(until - time.monotonic(), 0.0))[0]:
        return False
    try:
        data, descriptors, _, _ = socket.recv_fds(line, _MESSAGE, 4, socket.MSG_CMSG_CLOEXEC)
    except OSError:  # the box is being taken down
        return False
    if data:
        collected.take(data, descriptors)
    return bool(data)
