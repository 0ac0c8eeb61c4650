"""What an HTTP/2 client says beside its requests: pings, farewells, unknown frames, padding with content.

Not HTTP/2: requests and their bodies are read by the proxy. What is left here is not for the server, and a
covert channel may be all of it.
"""

from __future__ import annotations

import struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD: Final = 9
"""Octets before a payload: length, type, flags, stream (RFC 9113, 4.1)."""
DATA, HEADERS, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 4, 6, 7, 9
KNOWN: Final = frozenset(range(CONTINUATION + 1)) | {0x0A, 0x0C, 0x10}
"""Types with a meaning: RFC 9113, ALTSVC, ORIGIN, PRIORITY_UPDATE."""
PADDED, ACK = 0x08, 0x01
LAST_SETTING: Final = 0x0010
"""Settings up to here are registered; others may carry anything."""
MAX_PAYLOAD: Final = 1 << 24
_HEAD = struct.Struct("!BHBBI")


class Beside:
    """Takes a client's bytes as they come, and gives what was said beside the requests."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._preface = len(PREFACE)
        self._skip = 0
        """Octets of a payload of no interest that are still to come."""

    def feed(self, data: bytes) -> bytes:
        """What is told in the frames that end in `data`; empty in almost every call."""
        self._buffer += data
        drop = min(self._preface, len(self._buffer))
        self._preface -= drop
        del self._buffer[:drop]
        told = b""
        while (frame := self._next()) is not None:
            told += _told(*frame)
        return told

    def _next(self) -> tuple[int, bytes] | None:
        """Type and payload of the next frame that may tell something."""
        while True:
            drop = min(self._skip, len(self._buffer))
            self._skip -= drop
            del self._buffer[:drop]
            if len(self._buffer) < HEAD:
                return None
            high, low, kind, flags, _ = _HEAD.unpack_from(self._buffer)
            size = high << 16 | low
            if _tells(kind, flags):
                break
            self._skip = HEAD + size
        if len(self._buffer) < HEAD + size:
            return None
        payload = bytes(self._buffer[HEAD : HEAD + size])
        del self._buffer[: HEAD + size]
        return kind, payload


def _tells(kind: int, flags: int) -> bool:
    if kind in (DATA, HEADERS):
        return bool(flags & PADDED)
    return (kind in (PING, SETTINGS) and not flags & ACK) or kind == GOAWAY or kind not in KNOWN


def _told(kind: int, payload: bytes) -> bytes:
    if kind in (DATA, HEADERS):
        size = payload[0] if payload else 0
        return payload[max(len(payload) - size, 1) :].strip(b"\0")
    if kind == SETTINGS:
        pairs = (struct.unpack_from("!HI", payload, at) for at in range(0, len(payload) - 5, 6))
        return b"".join(value.to_bytes(4) for name, value in pairs if name > LAST_SETTING)
    # Behind the last stream and the error code of a farewell; all of a ping and of what nobody knows.
    return payload[8:] if kind == GOAWAY else payload.strip(b"\0")
