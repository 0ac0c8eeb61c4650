"""The beginning of a QUIC connection: the ClientHello inside a client's Initial packets.

Their keys follow from a published salt and the connection id (RFC 9001, 5.2; RFC 9369, 3.3), so that
anybody on the path can read them. Not a QUIC implementation: nothing is answered.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

MAX_CRYPTO = 65536
"""Bytes of handshake that are put together."""
SAMPLE = 16
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO = 0x00, 0x01, 0x02, 0x03, 0x06


@dataclass(frozen=True, slots=True)
class Version:
    """What differs between versions."""

    salt: bytes
    initial: int
    """Type bits of an Initial packet."""
    label: bytes


VERSIONS = {
    0x00000001: Version(bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), 0, b"quic "),
    0x6B3343CF: Version(bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), 1, b"quicv2 "),
}
_RETRY_AFTER_INITIAL = 3
"""Distance of the type bits of Retry from those of Initial, in both versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A long header (RFC 9000, 17.2)."""

    version: int
    destination: bytes
    """Connection id."""
    source: bytes
    after: int
    """Offset of what follows the connection ids."""


def long_header(packet: bytes) -> Header:
    """The part of a long header that all versions share (RFC 8999, 5.1).

    Raises:
        ValueError: a short header, or cut off.
    """
    if len(packet) < 7 or not packet[0] & 0x80:
        raise ValueError("not a QUIC packet with a long header")
    middle = 6 + packet[5]
    end = middle + 1 + (packet[middle] if middle < len(packet) else 0)
    if end > len(packet):
        raise ValueError("QUIC header is cut off")
    return Header(
        version=int.from_bytes(packet[1:5]),
        destination=packet[6:middle],
        source=packet[middle + 1 : end],
        after=end,
    )


class InitialReader:
    """Puts a client's ClientHello together from its datagrams, in whatever order the pieces come."""

    def __init__(self) -> None:
        self._keys: _Keys | None = None
        self._pieces: dict[int, bytes] = {}
        self._size = 0

    def feed(self, datagram: bytes) -> None:
        """Read the Initial packets of one datagram; what cannot be opened is skipped.

        Raises:
            ValueError: broken packets, or more handshake than `MAX_CRYPTO`.
        """
        while len(datagram) > 7 and datagram[0] & 0x80:
            header = long_header(datagram)
            version = VERSIONS.get(header.version)
            kind = datagram[0] >> 4 & 3
            if version is None or kind == (version.initial + _RETRY_AFTER_INITIAL) % 4:
                return
            offset = header.after
            if kind == version.initial:
                token, offset = _varint(datagram, offset)
                offset += token
            length, offset = _varint(datagram, offset)
            end = offset + length
            if end > len(datagram):
                raise ValueError("QUIC packet is cut off")
            if kind == version.initial:
                self._keys = self._keys or _Keys(version, header.destination)
                self._frames(self._keys.open(datagram[:end], offset))
            datagram = datagram[end:]

    def _frames(self, payload: bytes) -> None:
        offset = 0
        while offset < len(payload):
            kind, offset = _varint(payload, offset)
            if kind in (_ACK, _ACK_ECN):
                offset = _skip_ack(payload, offset, ecn=kind == _ACK_ECN)
            elif kind == _CRYPTO:
                offset = self._crypto(payload, offset)
            elif kind not in (_PADDING, _PING):
                # Only a close may stand here; nothing follows it.
                return

    def _crypto(self, payload: bytes, offset: int) -> int:
        start, offset = _varint(payload, offset)
        length, offset = _varint(payload, offset)
        self._size += length
        if offset + length > len(payload) or self._size > MAX_CRYPTO or start > MAX_CRYPTO:
            raise ValueError("QUIC handshake is broken or too long")
        self._pieces[start] = max(self._pieces.get(start, b""), payload[offset : offset + length], key=len)
        return offset + length

    @property
    def message(self) -> bytes:
        """The handshake's first message with its type and length; empty while any of it is missing."""
        joined = b""
        for start, piece in sorted(self._pieces.items()):
            if start > len(joined):
                return b""
            joined += piece[len(joined) - start :]
        size = 4 + int.from_bytes(joined[1:4])
        return joined[:size] if 4 <= size <= len(joined) and len(joined) >= 4 else b""


class _Keys:
    """A client's keys for Initial packets."""

    def __init__(self, version: Version, cid: bytes) -> None:
        first = hmac.digest(version.salt, cid, "sha256")
        secret = _expand(first, b"client in", 32)
        self._aead = AESGCM(_expand(secret, version.label + b"key", 16))
        self._iv = _expand(secret, version.label + b"iv", 12)
        self._mask = Cipher(AES(_expand(secret, version.label + b"hp", 16)), ECB())  # noqa: S305 - RFC 9001, 5.4.3

    def open(self, packet: bytes, offset: int) -> bytes:
        """The frames of a packet whose number stands at `offset`; empty when the keys do not fit."""
        sample = packet[offset + 4 : offset + 4 + SAMPLE]
        if len(sample) < SAMPLE:
            raise ValueError("QUIC packet is too short")
        mask = self._mask.encryptor().update(sample)
        first = packet[0] ^ mask[0] & 0x0F
        size = 1 + (first & 3)
        number = bytes(a ^ b for a, b in zip(packet[offset : offset + size], mask[1:], strict=False))
        head = bytes([first]) + packet[1:offset] + number
        nonce = (int.from_bytes(self._iv) ^ int.from_bytes(number)).to_bytes(12)
        try:
            return self._aead.decrypt(nonce, packet[offset + size :], head)
        except InvalidTag:
            return b""


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label for at most one block (RFC 8446, 7.1)."""
    named = b"tls13 " + label
    info = size.to_bytes(2) + bytes([len(named)]) + named + b"\0"
    return hmac.digest(secret, info + b"\1", hashlib.sha256)[:size]


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    """A number of variable length (RFC 9000, 16) and the offset behind it."""
    if offset >= len(data):
        raise ValueError("QUIC packet is cut off")
    size = 1 << (data[offset] >> 6)
    if offset + size > len(data):
        raise ValueError("QUIC packet is cut off")
    return int.from_bytes(data[offset : offset + size]) & (1 << size * 8 - 2) - 1, offset + size


def _skip_ack(data: bytes, offset: int, *, ecn: bool) -> int:
    _, offset = _varint(data, offset)
    _, offset = _varint(data, offset)
    ranges, offset = _varint(data, offset)
    if ranges > len(data):
        raise ValueError("QUIC packet is cut off")
    for _ in range(1 + 2 * ranges + (3 if ecn else 0)):
        _, offset = _varint(data, offset)
    return offset
