"""Runs of a class of bytes inside other bytes, found at the speed at which C looks for a literal.

Not what a run means: `bases` and `text` read it.
"""

from __future__ import annotations

import re


class Runs:
    """Finds runs that begin with a given sequence of classes.

    Bytes are first mapped to the sign of their class, so that a run of at least n signs begins with a literal
    of n bytes: `bytes.find` leaps over most of what is none, where a character class is tried at every place.
    """

    def __init__(self, literal: bytes, more: bytes, /, **classes: bytes) -> None:
        """Prepare.

        Args:
            literal: Signs of classes that every run begins with.
            more: Regular expression over signs of classes: how a run goes on.
            classes: Bytes by the sign of their class; `.` stands for all others.
        """
        table = bytearray(b"." * 256)
        for sign, members in classes.items():
            for byte in members:
                table[byte] = ord(sign)
        self._table = bytes(table)
        self._literal = literal
        self._whole = re.compile(re.escape(literal) + more)

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Beginning and end of every run, in order."""
        classes = data.translate(self._table)
        found = []
        at = classes.find(self._literal)
        while at >= 0:
            end = self._whole.match(classes, at).end()  # type: ignore[union-attr]  # the literal is there
            found.append((at, end))
            at = classes.find(self._literal, end)
        return found

    def find(self, data: bytes) -> list[bytes]:
        """Every run, in order."""
        return [data[start:end] for start, end in self.spans(data)]


HEX_DIGITS = b"0123456789abcdefABCDEF"
PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\n\r"
STRAY = 8
"""Shorter runs of text inside binary data are chance."""

STRINGS = Runs(b"t" * STRAY, b"t*", t=PRINTABLE)
