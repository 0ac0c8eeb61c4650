"""Databases: MySQL, PostgreSQL and Redis let everybody in, and hold nothing.

Not a query language: each statement is taken and answered as done.
"""

from __future__ import annotations

import struct
from typing import ClassVar

from auditor.internet.dialogues.contract import MAX_LINE
from auditor.internet.dialogues.contract import Dialogue


class MySql(Dialogue):
    """Client/server protocol, version 10, without TLS, so that what is said is readable."""

    protocol = "mysql"
    # PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, CONNECT_WITH_DB, TRANSACTIONS, LONG_PASSWORD.
    _LOW, _HIGH = 0xA209, 0x0008
    _HANDSHAKE = (
        b"\x0a8.0.36\0" + struct.pack("<I", 8) + b"abcdefgh\0" + struct.pack("<HBHHB", _LOW, 45, 2, _HIGH, 21)
        + bytes(10) + b"ijklmnopqrst\0" + b"mysql_native_password\0"
    )  # fmt: skip
    greeting = len(_HANDSHAKE).to_bytes(3, "little") + b"\0" + _HANDSHAKE
    _OK = b"\0\0\0\2\0\0\0"

    def _size(self) -> int:
        size = 4 + int.from_bytes(self._buffer[:3], "little")
        return size if 4 <= len(self._buffer) >= size else 0

    def _answer(self, message: bytes) -> bytes:
        self.over = self.over or message[3:5] == b"\0\1"
        return b"" if self.over else b"\x07\0\0" + bytes([(message[3] + 1) & 0xFF]) + self._OK


class Postgres(Dialogue):
    """Frontend/backend protocol 3.0."""

    protocol = "postgres"
    _SSL, _GSS = b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"
    _READY = b"Z\0\0\0\x05I"
    _ANSWERS: ClassVar = {
        b"p": b"R\0\0\0\x08\0\0\0\0" + _READY, b"Q": b"I\0\0\0\x04" + _READY, b"P": b"1\0\0\0\x04",
        b"B": b"2\0\0\0\x04", b"D": b"n\0\0\0\x04", b"E": b"I\0\0\0\x04", b"C": b"3\0\0\0\x04", b"S": _READY,
    }  # fmt: skip
    _WELCOME = (
        b"R\0\0\0\x08\0\0\0\0" + b"S\0\0\0\x18server_version\x0015.0\0"
        + b"S\0\0\0\x19client_encoding\0UTF8\0" + b"K\0\0\0\x0c\0\0\0\1\0\0\0\1" + _READY
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._started = False

    def _size(self) -> int:
        head = 1 if self._started else 0
        if len(self._buffer) < head + 4:
            return 0
        size = head + max(4, int.from_bytes(self._buffer[head : head + 4]))
        return size if len(self._buffer) >= size else 0

    def _answer(self, message: bytes) -> bytes:
        if self._started:
            self.over = self.over or message[:1] == b"X"
            return self._ANSWERS.get(message[:1], b"")
        asked = message[4:8]
        if asked in (self._SSL, self._GSS):
            self.wants_tls = asked == self._SSL and not self.secure
            return b"S" if self.wants_tls else b"N"
        self._started = True
        return self._WELCOME


class Redis(Dialogue):
    """RESP 2."""

    protocol = "redis"
    _ANSWERS: ClassVar = {
        b"PING": b"+PONG\r\n", b"GET": b"$-1\r\n", b"HELLO": b"-ERR unknown command 'HELLO'\r\n",
        b"INFO": b"$20\r\nredis_version:7.2.0\n\r\n", b"KEYS": b"*0\r\n", b"MGET": b"*0\r\n",
        b"EXISTS": b":0\r\n", b"PUBLISH": b":0\r\n", b"LPUSH": b":1\r\n", b"RPUSH": b":1\r\n",
        b"INCR": b":1\r\n", b"XADD": b"$3\r\n1-1\r\n",
    }  # fmt: skip

    def _size(self) -> int:
        line = self._buffer.find(b"\n") + 1
        if not line or self._buffer[:1] != b"*":
            return line
        return self._array(line)

    def _array(self, offset: int) -> int:
        for _ in range(_number(self._buffer[1:offset])):
            line = self._buffer.find(b"\n", offset) + 1
            if not line:
                return 0
            offset = line + _number(self._buffer[offset + 1 : line]) + 2
        return offset if len(self._buffer) >= offset else 0

    def _answer(self, message: bytes) -> bytes:
        words = message.split(b"\r\n")
        said = (words[2] if message[:1] == b"*" and len(words) > 2 else words[0].partition(b" ")[0]).upper()
        self.over = self.over or said == b"QUIT"
        return self._ANSWERS.get(said, b"+OK\r\n")


def _number(text: bytes) -> int:
    digits = text.strip()
    return min(int(digits), MAX_LINE) if digits.isdigit() and len(digits) < 10 else 0
