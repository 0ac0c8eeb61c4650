"""What a client speaks, decided from its first bytes.

Not a parser: it says which one to try, and errs towards `RAW`, where every byte is kept.
"""

from __future__ import annotations

import enum
import re


class Speaks(enum.Enum):
    """Protocols that the proxy understands, and the rest."""

    TLS = "tls"
    HTTP1 = "http/1"
    HTTP2 = "h2"
    CONNECT = "connect"
    """HTTP/1 that asks for a tunnel: the client takes us for its proxy."""
    DNS = "dns"
    """Messages with their length before each, as over TCP and TLS."""
    RAW = "raw"


H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113, 3.4."""
CLIENT_HELLO = re.compile(rb"\x16\x03[\x00-\x04]..\x01", re.DOTALL)
"""A TLS record of type handshake that begins with a ClientHello (RFC 8446, 5.1)."""
HELLO_PREFIX = 6
MAX_REQUEST_LINE = 64 * 1024
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}"
_REQUEST_LINE = re.compile(rb"(%b) [^\s]+ HTTP/1\.[0-9]\r?\n" % _TOKEN)
"""RFC 9112, 3: the version at the end keeps line protocols such as `NICK x` out."""
_UNFINISHED_LINE = re.compile(rb"%b(?: [^\x00-\x1f]*\r?)?" % _TOKEN)
_QUERY = re.compile(rb"[\x00-\x07].{3}[\x00-\x07].\x00\x01\x00{4}\x00[\x00-\x04]", re.DOTALL)
"""Length, id, and a header with one question and no answer (RFC 1035, 4.1.1)."""
_ANY_QUERY = b"\x00\x20\x00\x00\x01\x00\x00\x01" + bytes(6)
MAX_QUERY = 0x0800
"""Octets; longer ones begin with bytes that other protocols begin with."""
_MIN_QUERY = 17
"""Octets of the question for the root."""


def sniff(data: bytes) -> Speaks | None:
    """Decide, or return None while more bytes could change the answer."""
    if data[:1] == b"\x16":
        return _sniff_hello(data)
    if data[:1] and data[0] < MAX_QUERY >> 8:
        return _sniff_query(data)
    data = data.lstrip(b"\r\n")
    if H2_PREFACE.startswith(data[: len(H2_PREFACE)]):
        return Speaks.HTTP2 if len(data) >= len(H2_PREFACE) else None
    if match := _REQUEST_LINE.match(data):
        return Speaks.CONNECT if match[1] == b"CONNECT" else Speaks.HTTP1
    unfinished = len(data) < MAX_REQUEST_LINE and _UNFINISHED_LINE.fullmatch(data)
    return None if unfinished else Speaks.RAW


def _sniff_query(data: bytes) -> Speaks | None:
    size = len(_ANY_QUERY)
    if len(data) >= 2 and int.from_bytes(data[:2]) < _MIN_QUERY:
        return Speaks.RAW
    if not _QUERY.match(data[:size] + _ANY_QUERY[len(data) :]):
        return Speaks.RAW
    return Speaks.DNS if len(data) >= size else None


def _sniff_hello(data: bytes) -> Speaks | None:
    if len(data) >= HELLO_PREFIX:
        return Speaks.TLS if CLIENT_HELLO.match(data) else Speaks.RAW
    return None if b"\x16\x03".startswith(data[:2]) else Speaks.RAW


QUIC_VERSIONS = (b"\x00\x00\x00\x01", b"\x6b\x33\x43\xcf")
"""Versions 1 and 2 (RFC 9000, RFC 9369)."""


MIN_INITIAL = 1200
"""Octets of a client's first datagram (RFC 9000, 14.1)."""
STUN_COOKIE = b"\x21\x12\xa4\x42"
"""RFC 8489, 5."""


def name_datagram(data: bytes) -> str:
    """Protocol of a conversation by its first datagram: `quic`, `stun` or `raw`."""
    # A client's first packet has the long header: both upper bits set (RFC 9000, 17.2). Those of
    # an unknown version are told by their size, and by connection ids of a possible length.
    if data[:1] >= b"\xc0" and (data[1:5] in QUIC_VERSIONS or _is_initial(data)):
        return "quic"
    return "stun" if data[:1] < b"\x40" and data[4:8] == STUN_COOKIE else "raw"


def _is_initial(data: bytes) -> bool:
    return len(data) >= MIN_INITIAL and 8 <= data[5] <= 20 and any(data[1:5])
