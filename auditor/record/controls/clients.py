"""The control's conversations: small clients of the protocols that the stand-in internet answers.

Stand-alone: imports the standard library alone. Each takes a connected socket, says the value in the part of
the protocol where an app would say something, and returns when the answer proves that it was understood.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Final

Client = Callable[[socket.socket, str, str, ssl.SSLContext], None]
"""(connected socket, host, value, trust): raises OSError or ValueError when there is no proper answer."""

_PIECE = 1 << 14
_MOST = 1 << 20
"""Bytes of an answer that are read."""

# RFC 9113: frame types, flags and the connection preface; RFC 7541, appendix A: indexes of the static table.
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _END_HEADERS, _ACK = 0x1, 0x4, 0x1
_POST, _HTTPS_SCHEME, _PATH, _AUTHORITY = 3, 7, 4, 1
_STREAM = 1

# RFC 6455: opcodes, and the name that is hashed to prove that a server speaks it.
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FINAL, _MASKED = 0x80, 0x80
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def dns(connection: socket.socket, _host: str, _value: str, _trust: ssl.SSLContext) -> None:
    """The question was asked when the socket was opened; any response will do."""
    if not connection.recv(_PIECE):
        raise ConnectionError("the name server closed the connection")


def http(connection: socket.socket, host: str, value: str, _trust: ssl.SSLContext) -> None:
    """GET, the value in the path."""
    connection.sendall(f"GET /{value} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    _status(_until(connection, b"\r\n\r\n"))


def https(connection: socket.socket, host: str, value: str, trust: ssl.SSLContext) -> None:
    """POST over HTTP/1.1 and TLS, the value in the body."""
    with _secured(connection, host, trust, "http/1.1") as secured:
        secured.sendall(
            f"POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(value)}\r\n"
            f"Connection: close\r\n\r\n{value}".encode()
        )
        _status(_until(secured, b"\r\n\r\n"))


def h2(connection: socket.socket, host: str, value: str, trust: ssl.SSLContext) -> None:
    """POST over HTTP/2, the value in a DATA frame."""
    with _secured(connection, host, trust, "h2") as secured:
        head = (
            bytes((0x80 | _POST, 0x80 | _HTTPS_SCHEME))
            + _literal(_PATH, "/upload")
            + _literal(_AUTHORITY, host)
        )
        secured.sendall(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, b"")
            + _frame(_HEADERS, _END_HEADERS, _STREAM, head)
            + _frame(_DATA, _END_STREAM, _STREAM, value.encode())
        )
        _await_end_of_stream(secured)
        secured.sendall(_frame(_GOAWAY, 0, 0, bytes(8)))


def websocket(connection: socket.socket, host: str, value: str, trust: ssl.SSLContext) -> None:
    """The value as a text message; a ping behind it, whose answer proves that it was read."""
    key = base64.b64encode(os.urandom(16))
    with _secured(connection, host, trust, "http/1.1") as secured:
        secured.sendall(
            b"GET /live HTTP/1.1\r\nHost: %b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: %b\r\nSec-WebSocket-Version: 13\r\n\r\n" % (host.encode(), key)
        )
        head, _, rest = _until(secured, b"\r\n\r\n").partition(b"\r\n\r\n")
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - RFC 6455, 4.2.2
        if b" 101 " not in head.partition(b"\r\n")[0] + b" " or accept not in head:
            raise ValueError("the server does not speak WebSocket")
        secured.sendall(_message(_TEXT, value.encode()) + _message(_PING, b"control"))
        _await_opcode(secured, rest, _PONG)
        secured.sendall(_message(_CLOSE, struct.pack("!H", 1000)))


CLIENTS: dict[str, Client] = {
    "dns": dns,
    "dns-tcp": dns,
    "http": http,
    "https": https,
    "h2": h2,
    "websocket": websocket,
}


def _secured(connection: socket.socket, host: str, trust: ssl.SSLContext, protocol: str) -> ssl.SSLSocket:
    trust.set_alpn_protocols([protocol])
    secured = trust.wrap_socket(connection, server_hostname=host)
    if secured.selected_alpn_protocol() != protocol:
        secured.close()
        raise ValueError(f"the server does not speak {protocol}")
    return secured


def _until(connection: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        piece = connection.recv(_PIECE)
        if not piece or len(data) > _MOST:
            raise ConnectionError("the answer broke off")
        data += piece
    return data


def _status(head: bytes) -> None:
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError("no HTTP answer")


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece or size > _MOST:
            raise ConnectionError("the answer broke off")
        data += piece
    return data


# HTTP/2


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def _literal(index: int, value: str) -> bytes:
    """A header field whose name is in the static table, not to be remembered (RFC 7541, 6.2.2)."""
    return bytes((index, len(value))) + value.encode()


def _await_end_of_stream(connection: socket.socket) -> None:
    """Read frames until the server has answered the one request, acknowledging its settings."""
    while True:
        head = _exactly(connection, 9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9]) & 0x7FFFFFFF
        _exactly(connection, int.from_bytes(head[:3]))
        if kind == _SETTINGS and not flags & _ACK:
            connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        if kind in (_RST, _GOAWAY):
            raise ConnectionError("the server broke the stream off")
        if stream == _STREAM and kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            return


# WebSocket


def _message(opcode: int, payload: bytes) -> bytes:
    """One final frame with less than 126 bytes, masked as clients must (RFC 6455, 5.3)."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes((_FINAL | opcode, _MASKED | len(payload))) + mask + masked


def _await_opcode(connection: socket.socket, data: bytes, opcode: int) -> None:
    """Read short frames of the server until one of this kind comes."""
    while True:
        while len(data) < 2 or len(data) < 2 + (data[1] & 0x7F):
            piece = connection.recv(_PIECE)
            if not piece:
                raise ConnectionError("the answer broke off")
            data += piece
        size = data[1] & 0x7F
        if size > 125:
            raise ValueError("a longer message than was asked for")
        if data[0] & 0x0F == opcode:
            return
        data = data[2 + size :]
