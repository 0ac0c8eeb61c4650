"""Messages to others: IRC and MQTT.

Not a network: nobody hears what is said.
"""

from __future__ import annotations

from auditor.internet.dialogues.contract import Dialogue
from auditor.internet.dialogues.contract import Lines


class Irc(Lines):
    """RFC 2812, and the negotiation of IRCv3."""

    protocol = "irc"

    def __init__(self) -> None:
        super().__init__()
        self._nick = b""
        self._user = False

    def _line(self, line: bytes) -> bytes:
        said, _, rest = line.partition(b" ")
        if said.upper() in (b"NICK", b"USER") and not (self._nick and self._user):
            self._nick = rest.lstrip(b":") if said.upper() == b"NICK" else self._nick
            self._user = self._user or said.upper() == b"USER"
            return self._welcome() if self._nick and self._user else b""
        self.over = self.over or said.upper() == b"QUIT"
        if said.upper() == b"JOIN":
            return self._join(rest)
        answers = {
            b"CAP": b":irc CAP * LS :\r\n" if rest.upper().startswith(b"LS") else b"",
            b"PING": b":irc PONG irc %b\r\n" % rest,
            b"QUIT": b"ERROR :Closing link\r\n",
        }
        return answers.get(said.upper(), b"")

    def _welcome(self) -> bytes:
        lines = ((b"001", b":Welcome"), (b"002", b":Your host"), (b"376", b":End of /MOTD command"))
        return b"".join(b":irc %b %b %b\r\n" % (number, self._nick, said) for number, said in lines)

    def _join(self, rest: bytes) -> bytes:
        channel = rest.partition(b" ")[0].partition(b",")[0]
        return b":%b!u@h JOIN %b\r\n:irc 366 %b %b :End\r\n" % (self._nick, channel, self._nick, channel)


CONNECT, PUBLISH, PUBREL, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 6, 8, 10, 12, 14
VERSION_5 = 5


class Mqtt(Dialogue):
    """MQTT 3.1.1 and 5.0: takes every message, delivers none."""

    protocol = "mqtt"

    def __init__(self) -> None:
        super().__init__()
        self._five = False

    def _size(self) -> int:
        for n, byte in enumerate(self._buffer[1:5], start=1):
            if not byte & 0x80:
                size = 1 + n + sum((each & 0x7F) << 7 * k for k, each in enumerate(self._buffer[1 : n + 1]))
                return size if len(self._buffer) >= size else 0
        return 0

    def _answer(self, message: bytes) -> bytes:
        kind, flags = message[0] >> 4, message[0] & 15
        body = message[1 + next(n for n, byte in enumerate(message[1:], start=1) if not byte & 0x80) :]
        properties = b"\0" if self._five else b""
        if kind == CONNECT:
            self._five = body[2 + int.from_bytes(body[:2]) :][:1] == bytes([VERSION_5])
            return _packet(0x20, b"\0\0" + (b"\0" if self._five else b""))
        if kind == PUBLISH:
            return self._published(body, flags >> 1 & 3)
        self.over = self.over or kind == DISCONNECT
        replies = {
            PUBREL: (0x70, body[:2]), SUBSCRIBE: (0x90, body[:2] + properties + b"\0"),
            UNSUBSCRIBE: (0xB0, body[:2] + (b"\0\0" if self._five else b"")), PINGREQ: (0xD0, b""),
        }  # fmt: skip
        return _packet(*replies[kind]) if kind in replies else b""

    def _published(self, body: bytes, quality: int) -> bytes:
        topic = 2 + int.from_bytes(body[:2])
        ident = body[topic : topic + 2]
        return _packet(0x40 if quality == 1 else 0x50, ident) if quality else b""


def _packet(head: int, body: bytes) -> bytes:
    return bytes([head, len(body)]) + body
