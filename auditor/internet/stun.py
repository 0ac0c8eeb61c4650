"""A STUN server: tells a client the address that the world would see (RFC 8489).

Not a relay: requests for TURN get no answer.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING

from auditor.internet.datagrams import Answer
from auditor.internet.services.web import PUBLIC_IP
from auditor.internet.sniff import STUN_COOKIE as COOKIE

if TYPE_CHECKING:
    from auditor.internet.datagrams import Conversation

HEADER = 20
BINDING, SUCCESS = 0x0001, 0x0101
XOR_MAPPED_ADDRESS = 0x0020
IPV4, IPV6 = 1, 2
PUBLIC_IPV6 = "2001:db8::57"
"""From the documentation prefix (RFC 3849)."""


def answer(data: bytes, talk: Conversation) -> Answer | None:
    """The answer to a binding request; None for anything else."""
    if len(data) < HEADER or int.from_bytes(data[:2]) != BINDING:
        return None
    transaction = data[8:HEADER]
    six = ":" in talk.client.ip
    address = ipaddress.ip_address(PUBLIC_IPV6 if six else PUBLIC_IP).packed
    port = talk.client.port ^ int.from_bytes(COOKIE[:2])
    hidden = bytes(a ^ b for a, b in zip(address, COOKIE + transaction, strict=False))
    value = struct.pack("!xBH", IPV6 if six else IPV4, port) + hidden
    attribute = struct.pack("!HH", XOR_MAPPED_ADDRESS, len(value)) + value
    return Answer(struct.pack("!HH", SUCCESS, len(attribute)) + COOKIE + transaction + attribute, "stun")
