"""Small words for sentences. Not a translator: English only."""

from __future__ import annotations

LENGTH = 200
"""Characters of one value that the app may have chosen."""


def plural(count: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "flow"), plural(1200, "flow")
    ('1 flow', '1,200 flows')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def sentence(clause: str) -> str:
    """A clause with a capital and a full stop.

    >>> sentence("nothing was typed")
    'Nothing was typed.'
    """
    clause = clause.strip()
    return f"{clause[:1].upper()}{clause[1:].rstrip('.')}."


def printable(text: str) -> str:
    """Text that the app may have chosen, on one line: bounded, no control or bidi characters.

    >>> printable("a" + chr(10) + "b")
    'a\N{REPLACEMENT CHARACTER}b'
    """
    shown = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: LENGTH + 1]
    )
    return shown if len(shown) <= LENGTH else f"{shown[: LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"
