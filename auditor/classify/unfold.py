"""The decode tree: every reading of some bytes through nested encodings, shallow ones first, within a budget.

Not a parser of formats and not the search: whoever walks the tree looks at each node's bytes.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from auditor.parse import encodings
from auditor.parse import http_body
from auditor.parse import text

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

BASE = 20 << 20
"""Bytes of readings that even the smallest body may unfold to."""

READINGS = 6
"""How many times its size a body commonly unfolds to, all readings together."""

HONEST_RATIO = 16
"""Compression that text reaches; bombs reach 1,000."""

DEEPEST = 6
"""Decoders in a row; real senders nest three or four."""

TRIES = 64
"""Places in one node at which a compressed stream is suspected and tried."""

CHUNK_TRIES = 8
"""Lines in one node that are suspected to begin a chunked body."""

_CHUNK_HEAD = re.compile(rb"(?<![0-9a-fA-F])([0-9a-fA-F]{1,8})\r\n")

ESCAPE_COST = 16
"""Bytes of plain search that one escape costs about as much as."""

SHORTEST = 8
"""Readings shorter than this cannot hold a canary."""


@dataclass(frozen=True, slots=True)
class Node:
    """Some bytes, and the decoders that led to them."""

    chain: tuple[str, ...]
    data: bytes


@dataclass(slots=True)
class Budget:
    """Work that may still be done for one place; counted in bytes so that every run ends the same."""

    left: int
    credit: int = 0
    """What honest compression may add to it."""
    cut: bool = False
    """Something was left undone."""

    def take(self, wanted: int) -> bool:
        """Spend, or note that it is spent."""
        if wanted > self.left:
            self.cut = True
            return False
        self.left -= wanted
        return True

    def earn(self, size: int) -> None:
        """Content of a compressed body deserves the work of a plain one, as long as it is no bomb."""
        earned = min(READINGS * size, self.credit)
        self.credit -= earned
        self.left += earned


def budget_for(size: int) -> Budget:
    """Room for every customary nesting of a body of `size` bytes, and little more for a bomb."""
    return Budget(left=BASE + READINGS * size, credit=READINGS * HONEST_RATIO * size)


@dataclass(frozen=True, slots=True)
class Decoder:
    """One row of the table: how to get from bytes to other readings of them."""

    name: str
    read: Callable[[bytes, Budget], Iterable[bytes]]


def _magic(coding: str, *signatures: bytes) -> Decoder:
    """A compressed stream that announces itself, anywhere in the bytes."""

    def read(data: bytes, budget: Budget) -> Iterator[bytes]:
        for at in islice(_places(data, signatures), TRIES):
            out = _inflated(coding, data[at:], budget)
            if out is not None:
                yield out[0]

    return Decoder(coding, read)


def _places(data: bytes, signatures: tuple[bytes, ...]) -> Iterator[int]:
    for signature in signatures:
        at = data.find(signature)
        while at >= 0:
            yield at
            at = data.find(signature, at + 1)


def _whole(coding: str) -> Decoder:
    """A compressed stream without a signature: all the bytes, and it must end properly or not at all."""

    def read(data: bytes, budget: Budget) -> Iterator[bytes]:
        limit = budget.left // 2
        out = _inflated(coding, data, budget)
        if out is not None and (out[1] or len(out[0]) >= limit):
            yield out[0]

    return Decoder(coding, read)


def _inflated(coding: str, data: bytes, budget: Budget) -> tuple[bytes, bool] | None:
    limit = budget.left // 2
    try:
        out, finished = encodings.inflate_some(coding, data, limit)
    except ValueError:
        return None
    budget.cut |= len(out) >= limit
    return out, finished


def _escapes(name: str, sign: bytes, readings: Callable[[bytes], list[bytes]]) -> Decoder:
    """Escapes that begin with `sign`, read in what is text."""

    def read(data: bytes, budget: Budget) -> list[bytes]:
        count = data.count(sign)
        return readings(text.strings(data)) if count and budget.take(count * ESCAPE_COST) else []

    return Decoder(name, read)


def _chunked(data: bytes) -> Iterator[bytes]:
    """Chunk framing left in a raw stream, behind a message head or on its own."""
    for match in islice(_CHUNK_HEAD.finditer(data), CHUNK_TRIES):
        try:
            yield encodings.dechunk(data[match.start(1) :])
        except ValueError:
            continue


DECODERS: tuple[Decoder, ...] = (
    _magic("gzip", b"\x1f\x8b\x08"),
    _magic("deflate", b"\x78\x9c", b"\x78\xda", b"\x78\x01", b"\x78\x5e"),
    _magic("zstd", b"\x28\xb5\x2f\xfd"),
    _whole("br"),
    _whole("deflate-raw"),
    Decoder("chunked", lambda data, _: _chunked(data) if b"\r\n" in data else ()),
    Decoder("form", lambda data, _: http_body.form_values(data) if b"=" in data else ()),
    Decoder("multipart", lambda data, _: http_body.parts(data)),
    _escapes("url", b"%", text.percent),
    _escapes("json", b"\\", text.backslash),
    _escapes("html", b"&", text.entities),
    Decoder("base64", lambda data, _: text.base64(data)),
    Decoder("hex", lambda data, _: text.hexadecimal(data)),
    Decoder("utf-16", lambda data, _: text.utf16(data)),
)
"""Everything that is tried on every node; a new encoding is one more row."""


def unfold(data: bytes, budget: Budget, chain: tuple[str, ...] = ()) -> Iterator[Node]:
    """The bytes themselves, then every reading of them, shallow ones first.

    Args:
        data: Bytes to read.
        budget: Spent as readings are made; `cut` is set when some could not be.
        chain: What was undone before.
    """
    queue = deque([Node(chain, data)])
    seen = {hash(data)}
    while queue:
        node = queue.popleft()
        yield node
        for child in _children(node, budget):
            if hash(child.data) not in seen:
                seen.add(hash(child.data))
                queue.append(child)


def _children(node: Node, budget: Budget) -> Iterator[Node]:
    for decoder in DECODERS:
        for reading in decoder.read(node.data, budget):
            if len(reading) < SHORTEST:
                continue
            if len(node.chain) >= DEEPEST:
                budget.cut |= decoder.name in encodings.CODINGS
                return
            if budget.take(len(reading)):
                yield Node((*node.chain, decoder.name), reading)
