"""What a published port of the app sent to its visitors, kept so that the answer can be looked for in it.

Not a proxy that changes anything but one thing: visitors are not allowed to ask for compression.
"""

from __future__ import annotations

import re

MOST_BYTES = 16 << 20
"""Kept of one conversation; of a longer one the end, where the answers are."""

_REQUEST = re.compile(rb"[A-Z]{3,7} [^\r\n ]+ HTTP/1\.[01]\r\n")
_COMPRESSION = re.compile(rb"(?i)(?<=\r\n)(accept-encoding|sec-websocket-extensions)(?=:)")
_OF_NO_MEANING = {
    len(name): b"X-" + name[:-2].title() for name in (b"accept-encoding", b"sec-websocket-extensions")
}
"""By length, so that nothing of a request moves."""


def without_compression(chunk: bytes) -> bytes:
    r"""A piece of what a visitor sends, in which no head of a request asks for compressed answers.

    >>> without_compression(b"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n")
    b'GET / HTTP/1.1\r\nX-Accept-Encodi: gzip\r\n\r\n'
    """
    if not _REQUEST.match(chunk):
        return chunk
    head, end, body = chunk.partition(b"\r\n\r\n")
    return _COMPRESSION.sub(lambda match: _OF_NO_MEANING[len(match[0])], head) + end + body


class Conversation:
    """What the app said in one connection."""

    def __init__(self) -> None:
        self._said = bytearray()

    def hear(self, chunk: bytes) -> bytes:
        """Keep a chunk; returns it."""
        self._said += chunk
        if len(self._said) > 2 * MOST_BYTES:
            del self._said[:-MOST_BYTES]
        return chunk

    def __bytes__(self) -> bytes:
        """Its end, in one piece."""
        return bytes(self._said[-MOST_BYTES:])
