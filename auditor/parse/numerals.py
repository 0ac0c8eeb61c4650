r"""Bytes written as a row of numbers: `[118, 101]`, `0x76, 0x65`, `01110110 01100101`.

Not hex digits without a sign of their own (`bases`), not octal escapes inside text (`text`). None raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from auditor.parse.bases import Reading
from auditor.parse.bases import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

FEWEST = 8
"""Numbers in a row that are worth a reading."""

_APART = rb"[\s,;]{1,24}+"


@dataclass(frozen=True)
class Numeral:
    """One way to write a byte."""

    one: bytes
    """Regular expression for a byte."""
    apart: bytes
    """The same for what stands between two."""
    base: int

    @cached_property
    def run(self) -> re.Pattern[bytes]:
        """A row of bytes; nothing that goes on as a longer number."""
        more = FEWEST - 1
        return re.compile(rb"(?<![\w.])%b(?:%b%b){%d,}+" % (self.one, self.apart, self.one, more))

    @cached_property
    def each(self) -> re.Pattern[bytes]:
        """One byte of a row."""
        return re.compile(self.one)


NUMERALS = {
    "decimal": Numeral(rb"-?(?:25[0-5]|2[0-4]\d|1\d\d|\d\d?)(?![\w.])", _APART, 10),
    "hex-c": Numeral(rb"0[xX][0-9a-fA-F]{1,2}(?!\w)", _APART, 16),
    "binary": Numeral(rb"[01]{8}", rb"[\s,;]{0,4}+", 2),
}
"""By the decoder's name."""


def numerals(name: str, data: bytes) -> Iterator[Reading]:
    """What rows of numbers say; of signed ones (Java's bytes) the value below 256.

    >>> next(numerals("decimal", b'{"data": [118, 101, 108, 107, 97, 45, 122, 111]}')).data
    b'velka-zo'
    """
    way = NUMERALS[name]
    runs = ((match[0], match.start()) for match in way.run.finditer(data))
    yield from joined(
        (bytes(int(sign, way.base) & 255 for sign in way.each.findall(run)), at) for run, at in runs
    )
