"""Values that may belong together, joined to texts: by time, backwards, or by the numbers that they carry.

Not the search in the texts: they are searched like any other, so pieces of any size and in any encoding that
is known are found, as long as nothing lies between them. What is shuffled without a number is for `shards`.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from auditor.classify.search.pieces import Piece

MOST_VALUES = 3000
"""Of one group; groups with more are traffic, not pieces."""
_MOST_ORDERS = 4
"""Numbers beside a value that are tried for its place."""
SHORTEST_LINE = 14
"""Characters of the shortest writing of a mark."""
LONGEST_LINE = 256 * 1024
_NUMBERINGS = (
    re.compile(r"[a-z]{0,5}(?P<number>\d{1,3})[-_.:=](?P<rest>.+)", re.DOTALL | re.IGNORECASE),
    re.compile(r"(?P<rest>.+)[-_.:=](?P<number>\d{1,3})", re.DOTALL),
)
"""`0-vel`, `part3=ka`; `vel.0`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Values that may belong together, in order of time."""

    name: str
    """What they have in common, the kind first: `field x.example query id`."""
    pieces: tuple[Piece, ...]
    by_number: tuple[tuple[Piece, ...], ...] = ()
    """The same in the order of each number that stood beside all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The values of a group as one text."""

    text: str
    pieces: tuple[Piece, ...]


def groups(values: Sequence[Piece]) -> Iterator[Group]:
    """One field to one host, one field to all hosts, all fields of one request, all labels of one domain."""
    kinds: tuple[tuple[str, Callable[[Piece], tuple[str, ...]]], ...] = (
        ("field", lambda piece: (piece.site, piece.slot)),
        ("hosts", lambda piece: (piece.slot,)),
        ("request", lambda piece: (piece.subject, piece.exchange)),
        ("host", lambda piece: (piece.site, piece.where)),
    )
    seen: set[tuple[int, ...]] = set()
    numbers = _numbers(values)
    for kind, key in kinds:
        found: defaultdict[tuple[str, ...], list[Piece]] = defaultdict(list)
        for piece in values:
            found[key(piece)].append(piece)
        for name, members in found.items():
            group = tuple(_without_repeats(members))
            same = tuple(map(id, group))
            if 2 <= len(group) <= MOST_VALUES and same not in seen:
                seen.add(same)
                yield Group(name=" ".join((kind, *name)), pieces=group, by_number=_by_number(group, numbers))


_Numbers = dict[tuple[str, str], dict[str, list[int]]]
"""By (flow, exchange) and field: the numbers in it, in order."""


def _numbers(values: Sequence[Piece]) -> _Numbers:
    found: _Numbers = {}
    for piece in values:
        if piece.text.isascii() and piece.text.isdigit() and len(piece.text) <= 9:
            fields = found.setdefault((piece.subject, piece.exchange), {})
            fields.setdefault(piece.slot, []).append(int(piece.text))
    return found


def _by_number(group: Sequence[Piece], numbers: _Numbers) -> tuple[tuple[Piece, ...], ...]:
    """Orders by numbers that stand beside every value, all different: `{"part": 3, "data": "kof"}`."""
    seen: Counter[tuple[str, str]] = Counter()
    rows: list[tuple[Piece, dict[str, int]]] = []
    for piece in group:
        key = (piece.subject, piece.exchange)
        nth, seen[key] = seen[key], seen[key] + 1
        beside = numbers.get(key, {})
        rows.append(
            (
                piece,
                {slot: each[nth] for slot, each in beside.items() if slot != piece.slot and nth < len(each)},
            )
        )
    fields = set.intersection(*(set(row) for _, row in rows)) if rows else set()
    orders = []
    for field in sorted(fields)[:_MOST_ORDERS]:
        ordered = sorted(rows, key=lambda row: row[1][field])
        if len({row[field] for _, row in rows}) == len(rows):
            orders.append(tuple(piece for piece, _ in ordered))
    return tuple(orders)


def _without_repeats(members: Iterable[Piece]) -> Iterator[Piece]:
    """A name is asked for twice, for both kinds of address; of a field two equal values are two."""
    last = ""
    for piece in members:
        if piece.text != last or piece.where != "lookup":
            yield piece
        last = piece.text


def lines(group: Group) -> Iterator[Line]:
    """The values joined: in order of time, backwards, and by their numbers where they have some.

    Where each value by itself is an encoded text, they are decoded before they are joined.
    """
    for order in (group.pieces, group.pieces[::-1], *group.by_number):
        yield from _line((piece.text, piece) for piece in order)
        for decode in _DECODERS:
            texts = _decoded(decode, order)
            if texts:
                yield from _line(zip(texts, order, strict=True))
    for numbering in _NUMBERINGS:
        rows = [(found, piece) for piece in group.pieces if (found := numbering.fullmatch(piece.text))]
        if len(rows) > 1:
            ordered = sorted(rows, key=lambda row: int(row[0]["number"]))
            yield from _line((found["rest"], piece) for found, piece in ordered)


def _decoded(decode: Callable[[str], bytes], pieces: Sequence[Piece]) -> list[str]:
    """Each value decoded by itself; empty unless all of them can be, to text."""
    try:
        return [decode(piece.text).decode() for piece in pieces]
    except ValueError:  # binascii.Error and UnicodeDecodeError are such
        return []


def _from_base64(text: str) -> bytes:
    bare = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def _from_base32(text: str) -> bytes:
    bare = text.rstrip("=").upper()
    return base64.b32decode(bare + "=" * (-len(bare) % 8))


_DECODERS: tuple[Callable[[str], bytes], ...] = (bytes.fromhex, _from_base64, _from_base32)


def _line(values: Iterable[tuple[str, Piece]]) -> Iterator[Line]:
    texts, pieces = zip(*values, strict=True)
    if SHORTEST_LINE <= sum(map(len, texts)) <= LONGEST_LINE:
        yield Line(text="".join(texts), pieces=pieces)


def readings(text: str) -> list[str]:
    """A value as it is, and without the number before or after it."""
    found = (numbering.fullmatch(text) for numbering in _NUMBERINGS)
    return [text, *(match["rest"] for match in found if match)]
