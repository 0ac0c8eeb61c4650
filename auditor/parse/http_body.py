"""What an HTTP message says about its body, and the field names inside that body.

Not a parser of JSON: names are picked out, so that broken, truncated and hostile bodies still count.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

Headers = tuple[tuple[str, str], ...]
"""Field lines in order, names as sent."""

LONGEST_CODING_LIST = 4
"""More content codings than this on one message are not undone: nobody but an attacker nests them."""

_JSON_KEY = re.compile(rb'"([\w.$@-]{1,64})"\s*:')
_FORM_NAME = re.compile(rb"(?:^|&)([\w.$\[\]-]{1,64})=")
_PART_NAME = re.compile(rb'(?i:content-disposition):[^\r\n]{0,200}?\bname="([^"\r\n]{1,64})"')
_FORM_VALUE = re.compile(rb"[\w.$\[\]-]{1,64}=([^&;\s\"'<>]{8,})")
_BOUNDARY = re.compile(rb"(?:^|\n)(--[^\r\n]{1,70})\r?\n")

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FORM = re.compile(rb"[!#-&(-;?-Z\\^-z|~]{0,4000}=")
"""Text without space, quotes, brackets or angles up to the first sign of equality."""


MOST_PARTS = 256
"""Values of one form, or parts of one multipart body, that are taken out."""


def header(headers: Headers, name: str) -> str:
    """Values of a field joined by comma (RFC 9110 section 5.3), empty when absent.

    >>> header((("Accept", "a"), ("accept", "b")), "accept")
    'a, b'
    """
    return ", ".join(value for key, value in headers if key.lower() == name)


def codings(headers: Headers) -> tuple[str, ...]:
    """Content codings in the order in which they must be undone, outermost first.

    >>> codings((("content-encoding", "gzip, br"),))
    ('br', 'gzip')
    """
    listed = [part.strip().lower() for part in header(headers, "content-encoding").split(",")]
    named = tuple(part for part in reversed(listed) if part not in ("", "identity"))
    return named if len(named) <= LONGEST_CODING_LIST else ()


def media_type(headers: Headers) -> str:
    """The body's media type without parameters, lower-case, empty when not given."""
    return header(headers, "content-type").partition(";")[0].strip().lower()


def field_names(body: bytes) -> frozenset[str]:
    """Names of JSON members at any depth, of form fields and of multipart parts.

    >>> sorted(field_names(b'{"event": "x", "properties": {"os": 1}}'))
    ['event', 'os', 'properties']
    """
    patterns: Iterable[re.Pattern[bytes]] = (_JSON_KEY, _PART_NAME)
    if body.lstrip()[:1] not in (b"{", b"[") and b"\n" not in body[:4096].strip():
        patterns = (_JSON_KEY, _PART_NAME, _FORM_NAME)
    names = {name for pattern in patterns for name in pattern.findall(body)}
    return frozenset(name.decode("utf-8", "replace") for name in names)


def form_values(body: bytes) -> list[tuple[bytes, int]]:
    """Escaped values of an `application/x-www-form-urlencoded` body, a query or a cookie, read, with places.

    >>> form_values(b"a=1&text=hello%20there")
    [(b'hello there', 9)]
    """
    if (b"%" not in body and b"+" not in body) or not _FORM.match(body):
        return []
    found = (match for match in _FORM_VALUE.finditer(body) if b"%" in match[1] or b"+" in match[1])
    return [
        (unquote_to_bytes(match[1].replace(b"+", b" ")), match.start(1))
        for match in islice(found, MOST_PARTS)
    ]


def part_spans(body: bytes) -> list[tuple[int, int]]:
    """Where the contents of the parts of a multipart body lie (RFC 2046 section 5.1).

    The first line that may be a boundary is taken for one.
    """
    boundary = _BOUNDARY.search(body) if body.startswith(b"--") or b"\n--" in body else None
    if boundary is None:
        return []
    found: list[tuple[int, int]] = []
    at = boundary.end(1)
    while len(found) < MOST_PARTS and (end := body.find(boundary[1], at)) >= 0:
        if head := _HEAD_END.search(body, at, end):
            content = body[head.end() : end]
            found.append((head.end(), head.end() + len(content.removesuffix(b"\n").removesuffix(b"\r"))))
        at = end + len(boundary[1])
    return found
