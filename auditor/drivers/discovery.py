"""Find the OpenAI-compatible API among the ports that an app listens on.

Not the use of it: that is `auditor.drivers.openai`.
"""

from __future__ import annotations

import http
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auditor.errors import UsageError
from auditor.openai_api import Api
from auditor.openai_api import ApiError

if TYPE_CHECKING:
    from auditor.drivers.stage import Stage

PREFIXES = ("/v1", "/api/v1", "/openai/v1", "/v1/openai", "/api/v1/openai", "/api", "")
"""Where servers put the API, the usual place first."""
PROBE_S = 2.0
INTERVAL_S = 1.0
PATIENCE = 15
"""What a port may cost before it is left alone: 5 for each round of other answers, 1 for silence, and
nothing for an HTTP status of 500 and above, which says that the server is not ready yet."""
FIRST_EPHEMERAL = 32_768
"""Linux chooses ports from here on when a program does not (`ip_local_port_range`, ip(7))."""
GRACE_S = 3.0
"""An inner engine sits on a port that the kernel chose, and is often up before the app's own door."""
NO_MODEL = "default"
_NOT_FOR_CHAT = ("embed", "rerank", "whisper", "tts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an API may lie, as `--url` says it."""

    port: int
    prefix: str | None
    """None when the URL has no path, and the usual ones are to be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An API that listed its models."""

    port: int
    api: Api
    model: str


def parse_url(url: str) -> Endpoint:
    """Read `--url`.

    >>> parse_url("http://127.0.0.1:8080/v1/")
    Endpoint(port=8080, prefix='/v1')

    Raises:
        UsageError: not an http URL with a usable port.
    """
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else 80
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname or not port:
        raise UsageError(
            f"{url!r} is no URL of a local server.",
            fix="Write it as http://127.0.0.1:PORT/v1, as the app itself would print it.",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return Endpoint(port=port, prefix=path or None)


class Finder:
    """Asks every port that the app opens, again and again, until one answers like the API."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._given = parse_url(stage.url) if stage.url else None
        self._first_seen: dict[int, float] = {}
        self._cost: dict[int, int] = {}
        self._next = 0.0
        self.locked: int = 0
        """A port that wants a key, 0 for none."""
        self.found: Found | None = None

    @property
    def pending(self) -> bool:
        """Whether a port is open that may still turn out to be the API."""
        return any(self._cost.get(port, 0) < PATIENCE for port in self._first_seen)

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port that was seen open."""
        return tuple(self._first_seen)

    def look(self) -> bool:
        """Ask those ports whose turn it is; True once `found` is set."""
        now = time.monotonic()
        if self.found is None and now >= self._next:
            candidates = self._candidates(now)
            self.found = next((found for port in candidates if (found := self._probe(port))), None)
            self._next = time.monotonic() + (INTERVAL_S if candidates else 0.0)
        return self.found is not None

    def _candidates(self, now: float) -> list[int]:
        if self._given is not None:
            self._first_seen.setdefault(self._given.port, now)
            return [self._given.port]
        for _, port in self._stage.listeners():
            self._first_seen.setdefault(port, now)
        return sorted(
            port
            for port, seen in self._first_seen.items()
            if self._cost.get(port, 0) < PATIENCE and (port < FIRST_EPHEMERAL or now - seen > GRACE_S)
        )

    def _probe(self, port: int) -> Found | None:
        given = self._given.prefix if self._given else None
        cost = 5
        for prefix in PREFIXES if given is None else (given,):
            api = Api(
                connect=lambda: self._stage.connect(port),
                prefix=prefix,
                key=self._stage.api_key,
                timeout_s=PROBE_S,
            )
            try:
                return Found(port=port, api=api, model=best_of(api.models()))
            except ApiError as error:
                if error.locked:
                    self.locked = port
                if not error.status or error.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
                    cost = 0 if error.status else 1
                    break
        self._cost[port] = self._cost.get(port, 0) + cost
        return None


def best_of(models: tuple[str, ...]) -> str:
    """The first model that looks as if one can talk to it."""
    talkers = (m for m in models if not any(word in m.casefold() for word in _NOT_FOR_CHAT))
    return next(talkers, models[0] if models else NO_MODEL)
