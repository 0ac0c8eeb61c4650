"""A client of the OpenAI-compatible HTTP API that speaks over any connected socket.

Not a general client: it asks the few things that a driver and the reference need, opens a connection
for each, and bounds every answer in time and size. Source: the "API Reference" of OpenAI (models, chat
completions, completions) and, for streams, the "Server-sent events" section of the HTML standard.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from collections.abc import Iterator

    from auditor.http_exchange import Exchange

MAX_TOKENS = 256
_NO_SUCH_CALL = (404, 405, 501)


class ApiError(Exception):
    """The server did not answer as the API says; the message is one sentence without a full stop."""

    def __init__(self, text: str, *, status: int = 0) -> None:
        super().__init__(text)
        self.status = status
        """HTTP status, 0 when there was no HTTP answer; 200 when it was well-formed HTTP but nothing more."""

    @property
    def unsupported(self) -> bool:
        """The server does not know this call."""
        return self.status in _NO_SUCH_CALL

    @property
    def locked(self) -> bool:
        """The server wants a key."""
        return self.status in (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said."""

    text: str
    tokens_per_second: float = 0.0
    """As llama.cpp reports it in `timings`; 0 when the server reports none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One server, with the path under which its API lies."""

    connect: Callable[[], socket.socket]
    prefix: str = "/v1"
    key: str = ""
    timeout_s: float = 120.0
    """For one whole answer."""

    def models(self) -> tuple[str, ...]:
        """Ids of the models on offer.

        Raises:
            ApiError: no such list.
        """
        listing = self._json("GET", "/models")
        rows = listing.get("data") if isinstance(listing, dict) else None
        if not isinstance(rows, list):
            raise ApiError("the list of models has no field `data`", status=HTTPStatus.OK)
        return tuple(str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row)

    def chat(self, model: str, text: str, *, stream: bool = False) -> Reply:
        """Answer to one user message.

        Raises:
            ApiError: no answer.
        """
        question = {"model": model, "messages": [{"role": "user", "content": text}], **_SAMPLING}
        if not stream:
            return _reply(self._json("POST", "/chat/completions", question), _message_of)
        said = [_delta_of(event) for event in self._events("/chat/completions", {**question, "stream": True})]
        return Reply(text="".join(said))

    def complete(self, model: str, text: str) -> Reply:
        """Continuation of a text.

        Raises:
            ApiError: no answer.
        """
        question = {"model": model, "prompt": text, **_SAMPLING}
        return _reply(self._json("POST", "/completions", question), lambda choice: choice["text"])

    def _json(self, method: str, path: str, question: object = None) -> Any:  # noqa: ANN401 - any JSON value
        with self._exchange(method, path, question) as exchange:
            return _decoded(b"".join(exchange.chunks()))

    def _events(self, path: str, question: object) -> Iterator[dict[str, Any]]:
        """Decoded `data:` fields until `[DONE]` or the end of the stream."""
        with self._exchange("POST", path, question) as exchange:
            for line in _lines(exchange.chunks()):
                field, _, value = line.partition(b":")
                if field == b"data" and value.strip() == b"[DONE]":
                    return
                if field == b"data" and isinstance(event := _decoded(value), dict):
                    if "error" in event:
                        raise ApiError(error_text(value, 0))
                    yield event

    def _exchange(self, method: str, path: str, question: object) -> Exchange:
        # Drivers are loaded before the app is started, which must not wait for Python's HTTP.
        from auditor.http_exchange import Exchange  # noqa: PLC0415

        return Exchange(self, method, path, question)


_SAMPLING = {"max_tokens": MAX_TOKENS, "temperature": 0}


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their ends, wherever the chunks were cut."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.rstrip(b"\r") for line in lines)
    yield rest


def _decoded(data: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ApiError("the answer was no JSON", status=HTTPStatus.OK) from error


def error_text(body: bytes, status: int) -> str:
    """What a server says about its refusal, in one line."""
    try:
        said: Any = json.loads(body)
        said = said.get("error", said) if isinstance(said, dict) else said
        said = said.get("message") or said.get("detail") or said if isinstance(said, dict) else said
    except (ValueError, RecursionError):
        said = body.decode(errors="replace")
    line = " ".join(str(said).split())[:300].rstrip(".")
    return f"the server answered {status}: {line}" if status else f"the server reported: {line}"


def _reply(answer: Any, text_of: Callable[[Any], Any]) -> Reply:  # noqa: ANN401 - any JSON value
    try:
        text = text_of(answer["choices"][0])
        timings = answer.get("timings") or {}
        rate = float(timings.get("predicted_per_second", 0.0))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ApiError("the answer has no `choices` with a text in it") from error
    return Reply(text=_plain(text), tokens_per_second=rate)


def _message_of(choice: Any) -> Any:  # noqa: ANN401 - any JSON value
    return choice["message"].get("content") or choice["message"].get("reasoning_content")


def _delta_of(event: dict[str, Any]) -> str:
    """The piece of text in one event of a chat stream, empty when it has none."""
    try:
        delta = event["choices"][0]["delta"]
        return _plain(delta.get("content") or delta.get("reasoning_content"))
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""


def _plain(content: object) -> str:
    """A message's content: a string, or parts of which some are text."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
