"""Long bodies in overlapping windows, with their content codings undone on the way.

Not the decode tree: `unfold` does the rest on each window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.parse.encodings import CODINGS
from auditor.parse.encodings import inflate

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

    from auditor.classify.search.budget import Budget

WINDOW = 4 << 20
"""Bytes that are unfolded at once."""

OVERLAP = 64 * 1024
"""Bytes that successive windows share, so that nothing at their edge is missed."""

_SIGNATURES = ((b"\x1f\x8b\x08", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))


def windows(
    pieces: Callable[[], Iterator[bytes]], codings: tuple[str, ...], budget: Budget
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Windows of a body, each with the codings that were undone.

    Args:
        pieces: Starts reading the body from its beginning; may be called twice.
        codings: What the sender declared, outermost first. When it declared nothing, a signature at the
            beginning decides.
        budget: Spent by what codings unfold to.

    Raises:
        OSError: the body is not there.
    """
    codings = tuple(coding for coding in codings if coding in CODINGS) or _signature(next(pieces(), b""))
    errors: list[ValueError] = []
    if codings:
        for window in _gathered(_tolerated(_undone(pieces(), codings, budget), errors)):
            yield codings, window
    # Broken or mislabelled: what came before the error was read; all of it is read as it is, too.
    if errors or not codings:
        for window in _gathered(pieces()):
            yield (), window


def _tolerated(pieces: Iterator[bytes], errors: list[ValueError]) -> Iterator[bytes]:
    try:
        yield from pieces
    except ValueError as error:
        errors.append(error)


def _signature(start: bytes) -> tuple[str, ...]:
    return tuple(coding for signature, coding in _SIGNATURES if start.startswith(signature))


def _undone(pieces: Iterator[bytes], codings: tuple[str, ...], budget: Budget) -> Iterator[bytes]:
    for coding in codings:
        pieces = inflate(coding, pieces)
    for piece in pieces:
        budget.earn(len(piece))
        if not budget.take(len(piece)):
            return
        yield piece


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces into windows that overlap."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= WINDOW:
            yield bytes(held)
            del held[:-OVERLAP]
    if held:
        yield bytes(held)
