"""Where in the documents around it a match stood: `json:$.events[3].props`, `form:prompt`, `multipart:file`.

Not a parser that judges documents: it follows one place through broken and hostile ones as far as it can.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from auditor.parse import http_body
from auditor.parse.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.search.unfold import Node

FARTHEST = 2 << 20
"""Bytes from a document's beginning up to which a place in it is named."""

NEAR = 64 << 10
"""Bytes before a place in which a document inside a binary message is looked for."""

MOST_STARTS = 8
"""Of these, the last are tried."""

DEEPEST = 12
"""Members of a longer path that are named, the innermost."""

LONGEST_NAME = 48
"""Signs of a name that are shown: names are the app's, and may be anything."""

_JSON = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\Z)|[{}\[\],:]', re.DOTALL)
_PLAIN_NAME = re.compile(r"[A-Za-z_$][\w$-]*")
_START = re.compile(rb"(?:\A|\n)(?:data: ?)?[ \t\r\n]*(?=[{\[])")
_IN_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x80-\xff](?=[{\[][\s\"{\[])")
_FIELD = re.compile(rb"(?:^|[?&;\s])([\w.$\[\]%-]{1,64})=[^&;\s]*\Z")
_PART_NAME = re.compile(rb"""(?i)\bname="([^"\r\n]{1,64})\"""")


def steps(node: Node, at: int) -> tuple[str, ...]:
    """Decoders and names of members on the way to a place in a node, from the wire inwards."""
    if node.source is None or node.decoder is None:
        return (*node.chain, *_labels(node.data, at, 0))
    source = node.source
    begin = 0
    if node.decoder.escapes is not None:
        place = node.decoder.escapes.locate(source.data, at)
        inside = _json_place(source.data, place, 0)
        if inside and inside[1]:
            # A document in a string of the source begins where the string does.
            begin = max(at - len((node.decoder.escapes.undo(source.data[inside[1] : place]) or [b""])[0]), 0)
            begin = max(at - (place - inside[1]), 0) if begin == at else begin
    else:
        mark = max(bisect_right([here for here, _ in node.marks], at) - 1, 0)
        begin, place = node.marks[mark]
    outer, name, labels = steps(source, place), node.decoder.name, tuple(_labels(node.data, at, begin))
    # `form:prompt > form` and `json > json:$.a` would say the same twice.
    kinds = {step.partition(":")[0] for step in (*outer[-1:], *labels[:1]) if ":" in step}
    return (*outer, *labels) if name in kinds else (*outer, name, *labels)


def _labels(data: bytes, at: int, begin: int) -> Iterator[str]:
    """What holds the place in a node: a part of a multipart body, a field of a form, a member of JSON."""
    for start, end in http_body.part_spans(data) if data[:2] == b"--" or b"\n--" in data[:4096] else ():
        if start <= at <= end:
            name = _PART_NAME.search(data, data.rfind(b"\n--", 0, start) + 1, start)
            yield f"multipart:{_shown(name[1])}" if name else "multipart"
            begin = start
    found = _json_place(data, at, begin)
    if found is not None:
        yield f"json:{found[0]}"
    elif field := _FIELD.search(data[max(at - 4096, begin) : at]):
        yield f"form:{_shown(field[1])}"


def _json_place(data: bytes, at: int, begin: int) -> tuple[str, int] | None:
    """Path to a place in the JSON document that begins at or after `begin`, and where its string begins.

    None when there is no such document; the string begins at 0 when the place is in none.
    """
    starts = [match.end() for match in _START.finditer(data, begin, at + 1)] or [begin]
    if data[begin : begin + 1] in (b"{", b"["):
        starts.append(begin)
    return _walk(data, _outermost(data, starts, at), at) or _embedded(data, at, begin)


def _embedded(data: bytes, at: int, begin: int) -> tuple[str, int] | None:
    """The same for a document in a field of a binary message, where its length stands before it."""
    near = [match.end() for match in _IN_BINARY.finditer(data, max(begin, at - NEAR), at)]
    return next(filter(None, (_walk(data, start, at) for start in reversed(near[-MOST_STARTS:]))), None)


def _walk(data: bytes, start: int, at: int) -> tuple[str, int] | None:
    if data[start : start + 1] not in (b"{", b"[") or at - start > FARTHEST:
        return None
    where: list[str | int] = []
    name = ""
    for token in _JSON.finditer(data, start):
        sign = token[0]
        if token.start() > at:
            break
        if sign[:1] != b'"':
            _follow(where, sign, name)
            if not where:
                return None
        elif token.end() > at:
            return _path(where), token.start() + 1
        else:
            name = _shown(sign[1:-1])
    return _path(where), 0


def _follow(where: list[str | int], sign: bytes, name: str) -> None:
    """Go where a sign of JSON leads; `where` holds a name or a number for each open object or array."""
    last = where[-1] if where else ""
    if sign in b"{[":
        where.append("" if sign == b"{" else 0)
    elif sign in b"}]" and where:
        where.pop()
    elif sign == b":" and isinstance(last, str):
        where[-1:] = [name]
    elif sign == b"," and where:
        where[-1] = last + 1 if isinstance(last, int) else ""


def _outermost(data: bytes, starts: list[int], at: int) -> int:
    """Of lines that may begin a document the first, or the last if each line is one of its own."""
    first = min(starts)
    end = data.find(b"\n", first, at)
    lines = end >= 0 and data[first:end].rstrip()[-1:] in (b"}", b"]")
    return max(starts) if lines else first


def _path(where: list[str | int]) -> str:
    shown = [one for one in where if one != ""]
    cut = "$" if len(shown) <= DEEPEST else "$..."
    return cut + "".join(map(_member, shown[-DEEPEST:]))


def _member(one: str | int) -> str:
    if isinstance(one, int):
        return f"[{one}]"
    return f".{one}" if _PLAIN_NAME.fullmatch(one) else f'["{one}"]'


def _shown(name: bytes) -> str:
    return printable(name[:LONGEST_NAME])
