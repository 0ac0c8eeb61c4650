"""Messages with file descriptors between the supervisor and its helpers, over a stream socket pair.

No protocol of its own: a message is a dictionary of plain values; the two ends agree on its keys.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

import msgspec

_HEADER = struct.Struct("=I")
_MAX_FDS = 32


class ChannelClosed(Exception):
    """The other end is gone."""


class Channel:
    """One end of a connection to a helper process."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.answering = 0
        """Number of the question that the next messages answer; 0 for none."""
        self._data = bytearray()
        self._fds: list[int] = []

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two connected ends."""
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(near), cls(far)

    def send(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        """Send one message.

        Raises:
            ChannelClosed: nobody reads any more.
        """
        payload = msgspec.msgpack.encode({**message, "id": self.answering} if self.answering else message)
        data = _HEADER.pack(len(payload)) + payload
        try:
            sent = socket.send_fds(self.socket, [data], list(fds)) if fds else 0
            self.socket.sendall(data[sent:])
        except OSError as error:
            raise ChannelClosed(str(error)) from error

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        """Wait for one message and the descriptors that came with it.

        Raises:
            ChannelClosed: the other end closed or died.
            TimeoutError: the socket has a time-out and it passed.
        """
        # What has come stays here when Ctrl-C interrupts us, so that the next call goes on from it.
        self._fill(_HEADER.size)
        self._fill(_HEADER.size + _HEADER.unpack_from(self._data)[0])
        payload, fds = bytes(self._data[_HEADER.size :]), self._fds
        self._data, self._fds = bytearray(), []
        return msgspec.msgpack.decode(payload, type=dict[str, Any]), fds

    def close(self) -> None:
        """Let the other end see that we are gone."""
        self.socket.close()

    def _fill(self, size: int) -> None:
        while len(self._data) < size:
            try:
                chunk, fds, _flags, _address = socket.recv_fds(
                    self.socket, size - len(self._data), _MAX_FDS, socket.MSG_CMSG_CLOEXEC
                )
            except TimeoutError:
                raise
            except OSError as error:
                raise ChannelClosed(str(error)) from error
            if not chunk:
                raise ChannelClosed("end of stream")
            self._data += chunk
            self._fds += fds
            for descriptor in fds:  # `recv_fds` of Python 3.11 drops the flag above
                os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keywords
