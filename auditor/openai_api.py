"""A client of the OpenAI-compatible HTTP API that speaks over any connected socket.

Not a general client: it asks the few things that a driver and the reference need, opens a connection
for each, and bounds every answer in time and size. Source: the "API Reference" of OpenAI (models, chat
completions, completions) and, for streams, the "Server-sent events" section of the HTML standard.
"""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Self

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from collections.abc import Iterator

LONGEST_ANSWER = 4 << 20
"""Bytes of one HTTP answer; what a model says is far below."""
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
            raise ApiError("the list of models has no field `data`", status=http.HTTPStatus.OK)
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
        with _Exchange(self, method, path, question) as exchange:
            return _decoded(b"".join(exchange.chunks()))

    def _events(self, path: str, question: object) -> Iterator[dict[str, Any]]:
        """Decoded `data:` fields until `[DONE]` or the end of the stream."""
        with _Exchange(self, "POST", path, question) as exchange:
            for line in _lines(exchange.chunks()):
                field, _, value = line.partition(b":")
                if field == b"data" and value.strip() == b"[DONE]":
                    return
                if field == b"data" and isinstance(event := _decoded(value), dict):
                    if "error" in event:
                        raise ApiError(_error_text(value, 0))
                    yield event


_SAMPLING = {"max_tokens": MAX_TOKENS, "temperature": 0}


class _Exchange:
    """One request and its answer, on a connection of its own."""

    def __init__(self, api: Api, method: str, path: str, question: object) -> None:
        self._deadline = time.monotonic() + api.timeout_s
        self._api, self._method, self._path, self._question = api, method, path, question
        self._http = http.client.HTTPConnection("localhost")
        self._socket: socket.socket | None = None
        self._response: http.client.HTTPResponse | None = None

    def __enter__(self) -> Self:
        try:
            self._send()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _send(self) -> None:
        try:
            self._socket = self._http.sock = self._api.connect()
            self._wait_no_longer()
            body = None if self._question is None else json.dumps(self._question).encode()
            self._http.request(self._method, self._api.prefix + self._path, body, self._headers())
            self._response = self._http.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(_reason(error)) from error
        if self._response.status != http.HTTPStatus.OK:
            status = self._response.status
            raise ApiError(_error_text(b"".join(self.chunks()), status), status=status)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        return headers | ({"Authorization": f"Bearer {self._api.key}"} if self._api.key else {})

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives."""
        assert self._response is not None  # noqa: S101 - set by `_send`
        left = LONGEST_ANSWER
        try:
            while chunk := self._response.read1(65536):
                yield chunk
                left -= len(chunk)
                if left < 0:
                    raise ApiError("the answer is longer than 4 MiB")
                self._wait_no_longer()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(_reason(error)) from error

    def _wait_no_longer(self) -> None:
        """Let the next read end when the time for the whole answer does."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._socket is not None:
            self._socket.settimeout(left)

    def _close(self) -> None:
        for part in (self._response, self._http, self._socket):
            if part is not None:
                part.close()


def _reason(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    if isinstance(error, http.client.HTTPException):
        return f"the answer was no HTTP ({type(error).__name__})"
    return f"the connection failed ({error.strerror or error})"


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
        raise ApiError("the answer was no JSON", status=http.HTTPStatus.OK) from error


def _error_text(body: bytes, status: int) -> str:
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
