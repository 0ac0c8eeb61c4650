"""Small words for sentences. Not a translator: English only."""

from __future__ import annotations


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
