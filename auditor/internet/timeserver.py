"""A time server: tells a client the machine's own time (RFC 5905, SNTP of RFC 4330).

Not a clock: whoever asks is told what it could read itself.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

from auditor.internet.datagrams import Answer

if TYPE_CHECKING:
    from auditor.internet.datagrams import Conversation

PORT = 123
SIZE = 48
"""Octets of a packet without extensions."""
CLIENT, SERVER = 3, 4
STRATUM = 2
PRECISION = -23
"""Power of two of a second."""
SINCE_1900_S = 2_208_988_800
"""From the era of NTP to that of Unix."""
REFERENCE = bytes((203, 0, 113, 123))
"""Whom the server has its time from: nobody's address (RFC 5737)."""


def answer(data: bytes, _talk: Conversation) -> Answer | None:
    """The time for a client that asks for it; None for anything else."""
    if len(data) < SIZE or data[0] & 7 != CLIENT:
        return None
    now = time.time() + SINCE_1900_S
    head = struct.pack(
        "!BBBbII4s", data[0] & 0x38 | SERVER, STRATUM, data[2], PRECISION, 0x0400, 0x0500, REFERENCE
    )
    return Answer(head + _stamp(now - 64) + data[40:48] + _stamp(now) * 2, "ntp")


def _stamp(seconds: float) -> bytes:
    return int(seconds * (1 << 32)).to_bytes(8)
