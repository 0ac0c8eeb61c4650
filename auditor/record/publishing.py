"""Makes a port of the app reachable on the host's loopback (`--publish`).

Not a proxy: bytes are copied both ways (`auditor.record.overheard` tells the one exception), and nothing but
the host's loopback can connect.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from auditor.record.overheard import Conversation
from auditor.record.overheard import without_compression

_CHUNK = 1 << 16


class Publisher:
    """The published ports of one recording."""

    def __init__(self, connect: Callable[[int], socket.socket]) -> None:
        self._connect = connect
        self._servers: list[socket.socket] = []
        self._conversations: list[Conversation] = []

    def heard(self) -> tuple[bytes, ...]:
        """What the app said to visitors, one piece for each conversation, the latest first."""
        return tuple(bytes(each) for each in reversed(self._conversations))

    def publish(self, port: int, host_port: int) -> int:
        """Listen on `host_port` (0 for any free one) for the app's `port`; returns the port taken.

        Raises:
            OSError: the port on the host is taken.
        """
        server = socket.create_server(("127.0.0.1", host_port))
        self._servers.append(server)
        threading.Thread(target=self._serve, args=(server, port), daemon=True).start()
        taken: int = server.getsockname()[1]
        return taken

    def close(self) -> None:
        """Stop listening; open conversations end with the app."""
        for server in self._servers:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            server.close()

    def _serve(self, server: socket.socket, port: int) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            try:
                app = self._connect(port)
            except OSError:
                client.close()  # the app does not listen (yet)
                continue
            heard = Conversation()
            self._conversations.append(heard)
            threading.Thread(target=_converse, args=(client, app, heard), daemon=True).start()


def _converse(client: socket.socket, app: socket.socket, heard: Conversation) -> None:
    answers = threading.Thread(target=_copy, args=(app, client, heard.hear), daemon=True)
    with client, app:
        answers.start()
        _copy(client, app, without_compression)
        answers.join()


def _copy(source: socket.socket, sink: socket.socket, passed: Callable[[bytes], bytes]) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            sink.sendall(passed(chunk))
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
