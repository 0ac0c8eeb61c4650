"""The texts in what a web server sent over one connection, streamed ones put together again.

Not a browser, and not a strict parser of HTTP: what cannot be taken apart is looked at as it is.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Any

from auditor.parse.encodings import dechunk

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[^\r\n]*chunked")
_FIELD = re.compile(r"(?:data:)?\s*(?:[0-9]{1,3}(?=[\[{]))?(.*)", re.DOTALL)
"""An event of a stream (`data: {...}`, HTML standard, server-sent events) or of socket.io (`42[...]`)."""
_SWITCHED = b"101"
DEEPEST = 16
"""Levels of JSON that are looked into."""


def texts(sent: bytes) -> tuple[str, ...]:
    r"""Every text that can be put together, each as a reader would see it.

    A chat window gets its answer in pieces, as values at the same place of successive JSON documents.

    >>> stream = b'data: {"delta": "vel"}\n\ndata: {"delta": "ka"}\n\n'
    >>> texts(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + stream)
    ('velka',)
    """
    return tuple(text for body in _bodies(sent) for text in _texts_of(body.decode(errors="replace")))


def _bodies(sent: bytes) -> Iterator[bytes]:
    heads = list(_HEAD.finditer(sent))
    if not heads:
        yield sent
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(sent)
        body = sent[head.end() : end]
        if head[1] == _SWITCHED:
            yield b"\n".join(_messages(sent[head.end() :]))
            return
        yield _dechunked(body) if _CHUNKED.search(head[0]) else body


def _dechunked(body: bytes) -> bytes:
    try:
        return dechunk(body)
    except ValueError:
        return body


def _messages(frames: bytes) -> Iterator[bytes]:
    """Messages of a WebSocket, as servers send them: not masked (RFC 6455 section 5.2)."""
    at, message = 0, bytearray()
    while at + 2 <= len(frames):
        first, size = frames[at], frames[at + 1] & 0x7F
        at += 2
        wide = {126: 2, 127: 8}.get(size, 0)
        if wide:
            size = int.from_bytes(frames[at : at + wide])
            at += wide
        if first & 0x0F < 8:  # not a ping, pong or close
            message += frames[at : at + size]
            if first & 0x80:
                yield bytes(message)
                message.clear()
        at += size


def _texts_of(body: str) -> Iterator[str]:
    whole = _decoded(body)
    documents = [whole] if whole is not None else [_decoded(_field(line)) for line in body.splitlines()]
    pieces: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for document in documents:
        for place, text in _strings(document, ()):
            pieces[place].append(text)
    yield from ("".join(each) for each in pieces.values())
    if not pieces and body.strip():
        yield body


def _field(line: str) -> str:
    match = _FIELD.match(line)
    return match[1] if match else line


def _decoded(text: str) -> Any:  # noqa: ANN401 - any JSON value
    if text[:1] not in "[{":
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _strings(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:  # noqa: ANN401
    if isinstance(value, str):
        yield place, value
    elif len(place) < DEEPEST and isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, (*place, key))
    elif len(place) < DEEPEST and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _strings(inner, (*place, str(number)))
