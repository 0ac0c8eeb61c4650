"""What a stand-in service is: a pattern of requests and a maker of answers.

Not a server, and no sockets: the proxy asks the table and sends what it says.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from fnmatch import translate
from typing import Any
from urllib.parse import parse_qsl

import msgspec

SERVER = "nginx"
"""Who answers."""
NO_BODY = (204, 304)
"""Statuses without one (RFC 9110, 6.4.1)."""
MAX_JSON = 1 << 20
"""Bytes of a request body that a service looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as a service sees it."""

    host: str
    """Lower case, without port."""
    method: str
    path: str
    """Without the query, percent escapes kept."""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case; the last of equal ones."""
    body: bytes = b""
    """The first MiB, as sent on the wire."""
    mark: str = ""
    """A word of this run, for answers that are made of words; nothing else holds it."""

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            decoded = msgspec.json.decode(_plain(self.body, self.headers.get("content-encoding", "")))
        except (msgspec.DecodeError, zlib.error, ValueError, RecursionError):
            return {}
        return decoded if isinstance(decoded, dict) else {}

    def parameter(self, name: str) -> str:
        """One value of the query, empty when absent."""
        return dict(parse_qsl(self.query)).get(name, "")

    @property
    def accept(self) -> str:
        """The Accept header, lower case."""
        return self.headers.get("accept", "").lower()


def _plain(body: bytes, encoding: str) -> bytes:
    if encoding != "gzip":
        return body
    return zlib.decompressobj(wbits=31).decompress(body, MAX_JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterator[bytes] = b""
    """An iterator is sent piece by piece, and never held whole."""
    trailers: tuple[tuple[str, str], ...] = ()
    """Sent over HTTP/2 only (gRPC)."""


Maker = Callable[[Request], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One row of the table."""

    name: str
    """Written down as `served_by`."""
    hosts: tuple[str, ...] = ("*",)
    """Shell patterns of the host name."""
    methods: tuple[str, ...] = ()
    """Empty for every method."""
    path: str = ".*"
    """Regular expression for the whole path."""
    reply: Maker
    _host: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _path: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the patterns once."""
        object.__setattr__(self, "_host", re.compile("|".join(map(translate, self.hosts))))
        object.__setattr__(self, "_path", re.compile(self.path))

    def takes(self, host: str, method: str, path: str) -> bool:
        """Whether a request is for this service."""
        return (
            (not self.methods or method in self.methods)
            and self._path.fullmatch(path) is not None
            and self._host.match(host) is not None
        )


def as_json(value: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A JSON document."""
    return Reply(
        status=status,
        headers=(("Content-Type", "application/json"), *headers),
        body=msgspec.json.encode(value),
    )


def as_text(text: str, kind: str = "text/plain; charset=utf-8", *, status: int = 200) -> Reply:
    """A text of any kind."""
    return Reply(status=status, headers=(("Content-Type", kind),), body=text.encode())


def events(chunks: list[tuple[str, object]]) -> Reply:
    """Server-sent events: (event name or empty, value); a string value is sent as it is."""
    return Reply(
        headers=(("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache")),
        body=map(_event, chunks),
    )


def _event(chunk: tuple[str, object]) -> bytes:
    name, value = chunk
    data = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return (b"event: %b\n" % name.encode() if name else b"") + b"data: %b\n\n" % data


def json_lines(values: list[object]) -> Reply:
    """One JSON document a line, as Ollama streams."""
    return Reply(
        headers=(("Content-Type", "application/x-ndjson"),),
        body=(msgspec.json.encode(value) + b"\n" for value in values),
    )


def always(reply: Reply) -> Maker:
    """A service that answers the same to everybody."""
    return lambda _request: reply
