"""What hides a text without changing its length: reversing, ROT13, ROT47, exclusive or with one byte.

None of them shows itself, so nothing is undone: what they make of a value is searched for like the value.
Found are disguises of the value, and of the value in another writing: not those of a compressed stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

SHORTEST_MASKED = 12
"""Bytes from which 255 masked patterns of a value stay below all chance: 255 / 2**96 at each place."""

LONGEST_MASKED = 20
"""Bytes of a longer value that are looked for: 255 patterns of each take their time to prepare."""

_UPPER = bytes(range(65, 91))
_LOWER = bytes(range(97, 123))
_ROT13 = bytes.maketrans(_UPPER + _LOWER, _UPPER[13:] + _UPPER[:13] + _LOWER[13:] + _LOWER[:13])
_VISIBLE = bytes(range(33, 127))
_ROT47 = bytes.maketrans(_VISIBLE, _VISIBLE[47:] + _VISIBLE[:47])

DISGUISES: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("reversed", lambda written: written[::-1]),
    ("rot13", lambda written: written.translate(_ROT13)),
    ("rot47", lambda written: written.translate(_ROT47)),
)
"""By the name that a report gives them."""


def disguised(written: bytes) -> Iterator[tuple[str, bytes]]:
    """Every disguise that changes these bytes."""
    for name, change in DISGUISES:
        if (changed := change(written)) != written:
            yield name, changed


def masked(value: bytes) -> Iterator[bytes]:
    """The beginning of a value, exclusive-ored with every byte but zero; nothing of a short one."""
    if len(value) >= SHORTEST_MASKED:
        head = value[:LONGEST_MASKED]
        number = int.from_bytes(head)
        repeated = int.from_bytes(b"\x01" * len(head))
        yield from ((number ^ key * repeated).to_bytes(len(head)) for key in range(1, 256))
