"""Long marks in parts, each of which betrays the whole: sentences of a document, passages of an answer.

Not the writings of each part: those are `forms`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.model.canary import CanaryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.canary import Canary

NOUNS = {CanaryKind.DOCUMENT: "sentences", CanaryKind.RESPONSE: "passages"}
_MARK = "#"
"""Between the id of a mark and the number of a part; no id holds one."""
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+")


def parts_of(canary: Canary) -> tuple[str, ...]:
    """The texts that each betray a mark; one for a short one."""
    if canary.kind is CanaryKind.DOCUMENT:
        return tuple(_SENTENCE_ENDS.split(canary.value.strip()))
    return tuple(canary.value.splitlines()) if canary.kind is CanaryKind.RESPONSE else (canary.value,)


def split(canary: Canary) -> Iterator[Canary]:
    """A mark of its own for each part, numbered in its id; the mark itself when it has one part."""
    texts = parts_of(canary)
    if len(texts) == 1:
        yield canary
        return
    for number, text in enumerate(texts, start=1):
        yield replace(canary, id=f"{canary.id}{_MARK}{number}", value=text, context="")


def whole(part: str) -> tuple[str, str]:
    """(id of the mark, number of the part or nothing) of an id that `split` made."""
    mark, _, number = part.partition(_MARK)
    return mark, number


def extent(canary: Canary, found: int) -> str:
    """How much of a mark was found, in words: `7 of 24 sentences`; empty for a short one."""
    total = len(parts_of(canary))
    return f"{found} of {total} {NOUNS[canary.kind]}" if found and total > 1 else ""
