"""What a dialogue is: bytes of the client in, bytes of the server out.

No sockets, and nothing is written down here.
"""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from typing import ClassVar

MAX_LINE = 1 << 20
"""Bytes of one line or message that are put together; longer ones are passed over."""


class Dialogue(ABC):
    """One conversation. What the client sends is never refused for good."""

    protocol: ClassVar[str]
    """As written into the flow."""
    greeting: bytes = b""

    def __init__(self) -> None:
        self.over = False
        """The client has taken its leave."""
        self.wants_tls = False
        """A handshake follows the last answer."""
        self.secure = False
        """TLS is there already."""
        self._buffer = b""

    def receive(self, data: bytes) -> bytes:
        """Take what came, and answer every whole message in it."""
        self._buffer += data
        answers = b""
        while not self.wants_tls and (size := self._size()):
            message, self._buffer = self._buffer[:size], self._buffer[size:]
            answers += self._answer(message)
        if len(self._buffer) > MAX_LINE:
            self._buffer = b""
        return answers

    def secured(self) -> bytes:
        """TLS begins here, and the client starts anew; returns what it sent too early."""
        early, self._buffer = self._buffer, b""
        self.secure, self.wants_tls = True, False
        return early

    @abstractmethod
    def _size(self) -> int:
        """Bytes of the first message in the buffer; 0 while it is not whole."""

    @abstractmethod
    def _answer(self, message: bytes) -> bytes:
        """The answer to one message."""


class Lines(Dialogue):
    """A dialogue of lines, with stretches of bytes between them."""

    def __init__(self) -> None:
        super().__init__()
        self._bulk = 0
        """Bytes that come next and are no lines."""

    def _size(self) -> int:
        if self._bulk:
            return min(self._bulk, len(self._buffer))
        return self._buffer.find(b"\n") + 1

    def _answer(self, message: bytes) -> bytes:
        if self._bulk:
            self._bulk -= len(message)
            return b""
        return self._line(message.rstrip(b"\r\n"))

    @abstractmethod
    def _line(self, line: bytes) -> bytes:
        """The answer to one line."""


def verb(line: bytes) -> bytes:
    """First word of a line in upper case."""
    return line.partition(b" ")[0].upper()
