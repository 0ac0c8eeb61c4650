"""Stand-alone: 500 HTTPS requests, and how long they took: `https_client.py HOST ADDRESS PORT [CA]`.

Runs the same inside the box and outside; knows nothing of either. Prints one JSON line:
`{"kept", "fresh"}`, seconds on one connection, and on a connection for each request.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
import time

REQUESTS = 500
BODY = b"x" * 300


class _Connection(http.client.HTTPSConnection):
    """Goes to an address, whatever the name says."""

    def __init__(self, host: str, address: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, context=context)
        self._context, self._address = context, (address or host, port)

    def connect(self) -> None:
        """Connect there, and ask for the host's certificate."""
        plain = socket.create_connection(self._address, timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def main(host: str, address: str, port: str, authority: str = "") -> None:
    """Measure both ways of asking, after one request that is not counted."""
    context = ssl.create_default_context(cafile=authority or None)

    def connection() -> _Connection:
        return _Connection(host, address, int(port), context)

    kept = connection()
    _ask(kept)
    began = time.monotonic()
    for _ in range(REQUESTS):
        _ask(kept)
    half = time.monotonic()
    kept.close()
    for _ in range(REQUESTS):
        fresh = connection()
        _ask(fresh)
        fresh.close()
    print(json.dumps({"kept": half - began, "fresh": time.monotonic() - half}))


def _ask(connection: _Connection) -> None:
    connection.request("POST", "/capture/", BODY)
    answer = connection.getresponse()
    if answer.status != http.client.OK:
        raise SystemExit(f"status {answer.status}")
    answer.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
