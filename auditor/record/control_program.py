"""Runs inside the box and sends a known value over each channel, to prove that the observers see.

Stand-alone: started by path with the tool's own Python, imports the standard library alone, knows
nothing of the rest. Prints one JSON line for each channel: `{"channel", "ok", "detail"}`.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

# Documentation addresses (RFC 5737, RFC 3849): nobody's, in the box as outside.
_BARE_IPV4 = "203.0.113.77"
_BARE_IPV6 = "2001:db8::77"
_TIMEOUT_S = 5.0


def _dns(token: str) -> None:
    socket.getaddrinfo(f"{token}.example.net", 9, type=socket.SOCK_STREAM)


def _tcp(token: str) -> None:
    with socket.create_connection((_BARE_IPV4, 7007), timeout=_TIMEOUT_S) as connection:
        connection.sendall(token.encode() + b"\n")


def _ipv6(token: str) -> None:
    with socket.create_connection((_BARE_IPV6, 7007), timeout=_TIMEOUT_S) as connection:
        connection.sendall(token.encode() + b"\n")


def _udp(token: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(token.encode(), (_BARE_IPV4, 7009))


def _http(token: str) -> None:
    with urllib.request.urlopen(f"http://example.com/{token}", timeout=_TIMEOUT_S) as answer:
        answer.read()


def _https(token: str) -> None:
    request = urllib.request.Request("https://example.org/upload", data=token.encode())
    context = ssl.create_default_context()
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=context) as answer:  # noqa: S310
        answer.read()


def _file(token: str) -> None:
    Path(f"/tmp/{token}.txt").write_text(token)


def _child(token: str) -> None:
    """A process that is gone before anybody could look for it."""
    pid = os.fork()
    if pid == 0:
        try:
            with socket.create_connection((_BARE_IPV4, 7008), timeout=_TIMEOUT_S) as connection:
                connection.sendall(token.encode() + b"\n")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


CHANNELS: dict[str, Callable[[str], None]] = {
    "dns": _dns,
    "tcp": _tcp,
    "ipv6": _ipv6,
    "udp": _udp,
    "http": _http,
    "https": _https,
    "child": _child,
    "file": _file,
}


def main(argv: list[str]) -> None:
    """Use each channel: arguments are `channel=token`."""
    for argument in argv:
        channel, _, token = argument.partition("=")
        detail = ""
        try:
            CHANNELS[channel](token)
        except (OSError, ValueError) as error:
            detail = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps({"channel": channel, "ok": not detail, "detail": detail}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
