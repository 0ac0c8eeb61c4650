"""What Ctrl-C, SIGTERM and SIGHUP do: raise where something can be done about it, wait where it cannot.

Not the ending itself: whoever catches the exception ends what was begun.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from auditor.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Waiting:
    """Signal handlers belong to the whole process, and so does this."""

    held = False
    number = 0
    """The signal that came while they were held, 0 for none."""


_waiting = _Waiting()


def install(*, held: bool = False) -> None:
    """Handle the three signals, but not those that our caller ignores (nohup(1), `&` in a script)."""
    _waiting.held, _waiting.number = held, 0
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let a signal wait until the end of the block.

    An exception in the middle of an import, or of building the box, would leave locks held and
    descriptors open. The second signal does not wait: it comes from a user who wants out.

    Raises:
        KeyboardInterrupt: SIGINT came.
        Interrupted: another signal came.
    """
    _waiting.held = True
    try:
        yield
    finally:
        _waiting.held = False
    release()


def release() -> None:
    """Let signals raise from now on, and raise for one that came before.

    Raises:
        KeyboardInterrupt: SIGINT came.
        Interrupted: another signal came.
    """
    number, _waiting.number, _waiting.held = _waiting.number, 0, False
    if number:
        _raise(number)


def _handle(number: int, _frame: FrameType | None) -> None:
    if _waiting.held and not _waiting.number:
        _waiting.number = number
    else:
        _raise(number)


def _raise(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Interrupted(number)
