"""The decode tree: every reading of some bytes through nested encodings, shallow ones first, within a budget.

Not the decoders (`decoders`) and not the search: whoever walks the tree looks at each node's bytes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify.search.decoders import DECODERS
from auditor.classify.search.decoders import Decoder
from auditor.classify.search.decoders import View
from auditor.parse import encodings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.search.budget import Budget
    from auditor.parse.bases import Reading

DEEPEST = 6
"""Decoders in a row; real senders nest three or four."""

SHORTEST = 8
"""Readings shorter than this cannot hold a canary."""


@dataclass(frozen=True, slots=True)
class Node:
    """Some bytes, and the decoders that led to them."""

    chain: tuple[str, ...]
    data: bytes
    source: Node | None = None
    """What was read."""
    decoder: Decoder | None = None
    """What read it."""
    marks: tuple[tuple[int, int], ...] = ((0, 0),)
    """Where stretches begin here, and where they were read from."""
    pieces: tuple[tuple[int, int], ...] | None = None
    """Stretches that may be streams of their own; None when all of it is the only one."""
    last: bool = False
    """It is not read any further."""


def unfold(data: bytes, budget: Budget, chain: tuple[str, ...] = ()) -> Iterator[Node]:
    """The bytes themselves, then every reading of them, shallow ones first.

    Args:
        data: Bytes to read.
        budget: Spent as readings are made; `cut` is set when some could not be.
        chain: What was undone before.
    """
    queue = deque([Node(chain, data)])
    seen = {hash(data)}
    tokens: set[bytes] = set()
    while queue:
        node = queue.popleft()
        yield node
        if node.last:
            continue
        for child in _children(node, budget, tokens):
            if hash(child.data) not in seen:
                seen.add(hash(child.data))
                queue.append(child)


def _children(node: Node, budget: Budget, tokens: set[bytes]) -> Iterator[Node]:
    view = View(node.data, node.pieces, budget, tokens)
    for decoder in DECODERS:
        for reading in decoder.read(view):
            if len(reading.data) < SHORTEST:
                continue
            if len(node.chain) >= DEEPEST:
                budget.cut |= decoder.name in encodings.CODINGS
                return
            if budget.take(len(reading.data)):
                yield _child(node, decoder, reading)


def _child(node: Node, decoder: Decoder, reading: Reading) -> Node:
    return Node(
        (*node.chain, decoder.name), reading.data, node, decoder, reading.marks, reading.pieces, reading.last
    )
