"""Waiting for a few descriptors, whatever their numbers: select(2) knows none above 1023.

An app that opens many connections makes ours higher than that. Not an event loop.
"""

from __future__ import annotations

import select


def readable(*descriptors: int, timeout_s: float | None = None) -> list[int]:
    """Those that can be read, or have been hung up, within a time; with None it waits for the first.

    Raises:
        ValueError: one of them is closed.
    """
    return _wait(descriptors, select.POLLIN, timeout_s)


def writable(descriptor: int, timeout_s: float | None = None) -> bool:
    """Whether it takes something within a time, or has been hung up.

    Raises:
        ValueError: it is closed.
    """
    return bool(_wait((descriptor,), select.POLLOUT, timeout_s))


def _wait(descriptors: tuple[int, ...], events: int, timeout_s: float | None) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, events)
    ready = poll.poll(None if timeout_s is None else max(0.0, 1000 * timeout_s))
    if any(event & select.POLLNVAL for _, event in ready):
        raise ValueError("a descriptor is closed")
    return [descriptor for descriptor, _ in ready]
