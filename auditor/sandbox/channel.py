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
        payload = msgspec.msgpack.encode(message)
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
        try:
            head, fds, _flags, _address = socket.recv_fds(self.socket, _HEADER.size, _MAX_FDS)
            for descriptor in fds:  # recv_fds takes MSG_CMSG_CLOEXEC, and forgets it
                os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keywords
            if len(head) < _HEADER.size:
                head += self._exactly(_HEADER.size - len(head))
            payload = self._exactly(_HEADER.unpack(head)[0])
        except TimeoutError:
            raise
        except OSError as error:
            raise ChannelClosed(str(error)) from error
        return msgspec.msgpack.decode(payload, type=dict[str, Any]), fds

    def close(self) -> None:
        """Let the other end see that we are gone."""
        self.socket.close()

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            chunk = self.socket.recv(count - len(parts))
            if not chunk:
                raise ChannelClosed("end of stream")
            parts += chunk
        return bytes(parts)
