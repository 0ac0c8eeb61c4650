"""The single values in what left: fields, labels, path segments, short messages, each with where it stood.

Not the search in them: `shards`, `usage` and `hmacs` look at values, `canaries` at whole places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from urllib.parse import unquote
from urllib.parse import urlsplit

import msgspec

from auditor.classify.search import places
from auditor.parse import http_body

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from auditor.classify.contacts import Contact
    from auditor.classify.contacts import Question
    from auditor.classify.exchanges import Exchange
    from auditor.evidence.store import RunDirectory

LONGEST = 512
"""Characters of a value; longer ones are no pieces."""
BODY = 64 * 1024
"""Decoded bytes of one body or message that values are taken from."""
MOST = 20_000
"""Values of a run."""
_FROM_ONE = 2000
"""Values of one body."""
_PROTOCOL = frozenset(
    {
        "host", ":authority", "accept", "accept-encoding", "accept-language", "connection", "content-type",
        "content-length", "transfer-encoding", "user-agent", "upgrade", "te", "cache-control", "pragma",
        "upgrade-insecure-requests", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions",
    }
)  # fmt: skip
"""Headers that the protocol fills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One value that left."""

    at: float
    """Seconds since the recording began."""
    site: str
    """Host that it went to; of a look-up the last two labels."""
    slot: str
    """Which field: `query id`, `header x-id`, `json events.name`, `label 1`. The same in each request."""
    text: str
    where: str
    """As in `Sighting.where`."""
    subject: str
    exchange: str = ""


def pieces(
    directory: RunDirectory, contacts: Iterable[Contact], questions: Iterable[Question], role: str
) -> list[Piece]:
    """Every value of one launch, in order of time; the first `MOST`."""
    found = [piece for one in contacts if one.role == role for piece in _of_contact(directory, one)]
    found += [piece for one in questions if one.role == role for piece in _of_question(one)]
    short = (piece for piece in found if piece.text and len(piece.text) <= LONGEST)
    return sorted(short, key=lambda piece: piece.at)[:MOST]


def _of_question(question: Question) -> Iterator[Piece]:
    lookup = question.lookup
    labels = lookup.name.rstrip(".").split(".")
    site = ".".join(labels[-2:])
    for depth, label in enumerate(labels[:-2]):
        yield Piece(
            at=lookup.start_s, site=site, slot=f"label {len(labels) - 2 - depth}", text=label,
            where="lookup", subject=lookup.id,
        )  # fmt: skip


def _of_contact(directory: RunDirectory, contact: Contact) -> Iterator[Piece]:
    flow = contact.flow
    site = flow.destination.domain or flow.destination.ip
    for exchange in contact.exchanges:
        for slot, text, where in _of_exchange(directory, exchange):
            yield Piece(
                at=exchange.entry.mono, site=site, slot=slot, text=text, where=where,
                subject=flow.id, exchange=exchange.request.exchange,
            )  # fmt: skip
        for entry, message in exchange.messages:
            if message.body and message.direction == "out":
                place = places.beginning(directory.bodies / message.body, (), BODY)
                for slot, text in _of_text("message", place):
                    yield Piece(
                        at=entry.mono, site=site, slot=slot, text=text, where="websocket message",
                        subject=flow.id, exchange=exchange.request.exchange,
                    )  # fmt: skip
    for entry, stream in contact.streams:
        if stream.body and stream.direction == "out":
            data = places.beginning(directory.bodies / stream.body, (), BODY)
            for slot, text in _of_text("stream", data):
                yield Piece(
                    at=min(entry.mono, flow.start_s), site=site, slot=slot, text=text, where="stream",
                    subject=flow.id,
                )  # fmt: skip


def _of_exchange(directory: RunDirectory, exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    request = exchange.request
    try:
        parts = urlsplit(request.url)
    except ValueError:
        return
    for depth, segment in enumerate(parts.path.split("/")[1:]):
        yield f"path {depth}", unquote(segment), "url"
    for name, value in _pairs(parts.query):
        yield f"query {name}", value, "url"
    for name, value in request.headers:
        low = name.lower()
        if low == "cookie":
            crumbs = (crumb.strip().partition("=") for crumb in value.split(";"))
            yield from ((f"cookie {crumb}", text, "header cookie") for crumb, _, text in crumbs)
        elif low not in _PROTOCOL:
            yield f"header {low}", value, f"header {low}"
    body = exchange.body("out")
    if body and body.body:
        data = places.beginning(directory.bodies / body.body, request.headers, BODY)
        kind = http_body.media_type(request.headers)
        for slot, text in (
            _of_form(data) if kind == "application/x-www-form-urlencoded" else _of_text("body", data)
        ):
            yield slot, text, "request body"


def _of_form(data: bytes) -> Iterator[tuple[str, str]]:
    return ((f"form {name}", value) for name, value in _pairs(data.decode("utf-8", "replace")))


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, max_num_fields=_FROM_ONE)
    except ValueError:  # more than that
        return []


def _of_text(slot: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Leaves of a JSON document or of JSON lines, else the lines as they are."""
    text = data.decode("utf-8", "replace")
    lines = [text] if text.lstrip()[:1] in ("{", "[") and "\n{" not in text else text.splitlines()
    for line in lines[:_FROM_ONE]:
        if line.lstrip()[:1] in ("{", "["):
            try:
                value = msgspec.json.decode(line.encode())
            except (msgspec.DecodeError, RecursionError):
                continue
            yield from _leaves(value)
        else:
            yield slot, line


def _leaves(value: object) -> Iterator[tuple[str, str]]:
    """Leaves with their paths, without places in lists; none of them deeper than 32."""
    waiting: list[tuple[str, object, int]] = [("json", value, 0)]
    seen = 0
    while waiting and seen < _FROM_ONE:
        path, one, depth = waiting.pop()
        if isinstance(one, dict) and depth < 32:
            waiting += [(f"{path}.{name}", below, depth + 1) for name, below in reversed(one.items())]
        elif isinstance(one, list) and depth < 32:
            waiting += [(path, below, depth + 1) for below in reversed(one)]
        elif isinstance(one, str) or (isinstance(one, int) and not isinstance(one, bool)):
            seen += 1
            yield path, str(one)
