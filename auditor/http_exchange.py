"""One HTTP request and its answer over any connected socket, bounded in time and size.

Not the API that is spoken over it: that is `auditor.openai_api`.
"""

from __future__ import annotations

import http.client
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from typing import Self

from auditor.openai_api import ApiError
from auditor.openai_api import error_text

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from auditor.openai_api import Api

LONGEST_ANSWER = 4 << 20
"""Bytes of one HTTP answer; what a model says is far below."""


class Exchange:
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
        if self._response.status != HTTPStatus.OK:
            status = self._response.status
            raise ApiError(error_text(b"".join(self.chunks()), status), status=status)

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
        if self._socket is not None and self._socket.fileno() >= 0:  # 3.13 closes it with the last byte
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
