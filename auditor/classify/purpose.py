"""Why a request was made: by what was planted in it, else by its shape, else by its host.

Not whether that is acceptable. The shapes are rows of `data/purposes.yaml`, so that a sender never seen
before, or one behind a first-party name, is recognised by what it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import yaml

from auditor.classify.entities import entity
from auditor.model.canary import CanaryKind
from auditor.model.flow import Purpose
from auditor.parse import http_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.parse.http_body import Headers

WORST_FIRST = (
    Purpose.PROMPT_LEAK, Purpose.RESPONSE_LEAK, Purpose.CLOUD_INFERENCE, Purpose.CRASH_REPORT,
    Purpose.TELEMETRY, Purpose.WEB_SEARCH, Purpose.ACCOUNT, Purpose.LICENCE, Purpose.PUBLIC_IP_LOOKUP,
    Purpose.REMOTE_CONFIG, Purpose.UPDATE_CHECK, Purpose.MODEL_DOWNLOAD, Purpose.MODEL_REGISTRY,
    Purpose.PACKAGE_REGISTRY, Purpose.FIRST_PARTY_API, Purpose.UNKNOWN, Purpose.ASSET_CDN,
    Purpose.CONNECTIVITY_CHECK, Purpose.DNS_ONLY,
)  # fmt: skip
"""One connection may serve several purposes; it is named after the first of these."""

LEAKS = {
    CanaryKind.PROMPT: Purpose.PROMPT_LEAK,
    CanaryKind.DOCUMENT: Purpose.PROMPT_LEAK,
    CanaryKind.RESPONSE: Purpose.RESPONSE_LEAK,
}
"""What finding a canary makes of a request."""

BODY_START = 256 * 1024
"""Decoded bytes of a body that are looked at for its shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a request looks like."""

    method: str
    host: str
    path: str
    query: str
    headers: Headers = ()
    fields: frozenset[str] = frozenset()
    """Names of members, parts and parameters in body and query."""
    body: bytes = b""
    """Beginning, with content codings undone."""


def shape(method: str, url: str, headers: Headers, body: bytes) -> Shape:
    """The shape of a request; a URL that cannot be split counts as all path."""
    try:
        parts = urlsplit(url)
        host, path, query = parts.hostname or "", parts.path, parts.query
    except ValueError:
        host, path, query = "", url, ""
    names = http_body.field_names(query.encode()) | http_body.field_names(body)
    return Shape(
        method=method.upper(), host=host, path=path or "/", query=query,
        headers=headers, fields=names, body=body,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One row of `data/purposes.yaml`: everything it states must hold."""

    purpose: Purpose
    name: str
    methods: tuple[str, ...] = ()
    host: str = ""
    path: str = ""
    query: str = ""
    media: str = ""
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    fields: tuple[str | tuple[str, ...], ...] = ()

    def fits(self, request: Shape) -> bool:
        """Whether a request has this shape."""
        return (
            (not self.methods or request.method in self.methods)
            and _matches(self.path, request.path)
            and _matches(self.host, request.host)
            and _matches(self.query, request.query)
            and _matches(self.media, http_body.media_type(request.headers))
            and all(
                _matches(value, http_body.header(request.headers, name))
                for name, value in self.headers.items()
            )
            and all(_names(one) & request.fields for one in self.fields)
            and (not self.text or re.search(self.text.encode(), request.body[:BODY_START]) is not None)
        )


def _matches(pattern: str, text: str) -> bool:
    return not pattern or re.search(pattern, text, re.IGNORECASE) is not None


def _names(one: str | tuple[str, ...]) -> frozenset[str]:
    return frozenset((one,) if isinstance(one, str) else one)


@cache
def signatures() -> tuple[Signature, ...]:
    """All rows, in order of precedence."""
    text = resources.files("auditor.classify").joinpath("data/purposes.yaml").read_text()
    return msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), tuple[Signature, ...])


def purpose_of(request: Shape, found: Iterable[CanaryKind] = ()) -> Purpose:
    """Purpose of one request, given the kinds of canary that left in it."""
    leaks = [LEAKS[kind] for kind in found if kind in LEAKS]
    if leaks:
        return worst(leaks)
    for signature in signatures():
        if signature.fits(request):
            return signature.purpose
    return entity(request.host).purpose


def worst(purposes: Iterable[Purpose]) -> Purpose:
    """The one that a flow with all of these is named after."""
    return min(purposes, key=WORST_FIRST.index, default=Purpose.UNKNOWN)
