"""A TLS ClientHello: bytes to the parts that say who asks for what (RFC 8446, 4.1.2).

Not a record layer, and no handshake: the message alone, as it is carried by TLS and by QUIC.
"""

from __future__ import annotations

import struct

from auditor.parse import ja4
from auditor.parse.ja4 import ClientHello

CLIENT_HELLO = 1
RANDOM = 32
MAX_EXTENSIONS = 256
_HOST_NAME = 0


def read(message: bytes, *, transport: str = "t") -> ClientHello:
    """Read one handshake message, its four bytes of type and length included.

    Raises:
        ValueError: no ClientHello, cut off, or too many extensions.
    """
    if len(message) < 4 or message[0] != CLIENT_HELLO:
        raise ValueError("not a ClientHello")
    if len(message) < 4 + int.from_bytes(message[1:4]):
        raise ValueError("ClientHello is cut off")
    try:
        return _read(message, transport)
    except (struct.error, IndexError) as error:
        raise ValueError("ClientHello is cut off") from error


def _read(data: bytes, transport: str) -> ClientHello:
    (version,) = struct.unpack_from("!H", data, 4)
    offset = 6 + RANDOM
    offset += 1 + data[offset]
    (size,) = struct.unpack_from("!H", data, offset)
    ciphers = struct.unpack_from(f"!{size // 2}H", data, offset + 2)
    offset += 2 + size
    offset += 1 + data[offset]
    extensions = _extensions(data, offset) if offset < 4 + int.from_bytes(data[1:4]) else ()
    return ClientHello(legacy_version=version, ciphers=ciphers, extensions=extensions, transport=transport)


def _extensions(data: bytes, offset: int) -> tuple[tuple[int, bytes], ...]:
    (size,) = struct.unpack_from("!H", data, offset)
    offset += 2
    end = offset + size
    found: list[tuple[int, bytes]] = []
    while offset < end:
        kind, length = struct.unpack_from("!HH", data, offset)
        offset += 4 + length
        if offset > min(end, len(data)) or len(found) == MAX_EXTENSIONS:
            raise ValueError("ClientHello has broken extensions")
        found.append((kind, data[offset - length : offset]))
    return tuple(found)


def server_name(hello: ClientHello) -> str:
    """The host asked for (RFC 6066, 3), empty when there is none or it is no ASCII."""
    body = hello.extension(ja4.SNI) or b""
    if len(body) < 5 or body[2] != _HOST_NAME:
        return ""
    name = body[5 : 5 + int.from_bytes(body[3:5])]
    return name.decode() if name.isascii() else ""


def protocols(hello: ClientHello) -> tuple[bytes, ...]:
    """The application protocols offered (RFC 7301, 3.1); what is cut off is left out."""
    body = (hello.extension(ja4.ALPN) or b"")[2:]
    found = []
    while body and len(body) > body[0]:
        size = 1 + body[0]
        found.append(body[1:size])
        body = body[size:]
    return tuple(found)
