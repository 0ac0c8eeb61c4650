"""JA4, the fingerprint of a TLS ClientHello, written from its published description.

Source: FoxIO, "JA4: TLS Client Fingerprinting" (technical details, BSD 3-clause). Not the other
members of the JA4+ family, which carry another licence.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

SNI = 0x0000
SIGNATURE_ALGORITHMS = 0x000D
ALPN = 0x0010
SUPPORTED_VERSIONS = 0x002B
ENCRYPTED_CLIENT_HELLO = 0xFE0D

NOTHING = "0" * 12
_VERSIONS = {
    0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2",
    0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """The parts of a ClientHello that the fingerprint is made of (RFC 8446, 4.1.2)."""

    legacy_version: int
    ciphers: tuple[int, ...]
    extensions: tuple[tuple[int, bytes], ...]
    """(type, body) in the order sent."""
    transport: str = "t"
    """`t` for TCP, `q` for QUIC, `d` for DTLS."""

    def extension(self, number: int) -> bytes | None:
        """Body of the first extension of that type."""
        return next((body for kind, body in self.extensions if kind == number), None)


def ja4(hello: ClientHello) -> str:
    """The fingerprint, 36 characters: `t13d1516h2_8daaf6152771_e5627efa2ab1`."""
    ciphers = [number for number in hello.ciphers if not is_grease(number)]
    extensions = [kind for kind, _ in hello.extensions if not is_grease(kind)]
    head = "".join(
        (
            hello.transport,
            _version(hello),
            "i" if hello.extension(SNI) is None else "d",
            f"{min(len(ciphers), 99):02}",
            f"{min(len(extensions), 99):02}",
            _alpn(hello),
        )
    )
    return f"{head}_{_digest(_listed(sorted(ciphers)))}_{_digest(_extension_text(hello, extensions))}"


def is_grease(number: int) -> bool:
    """Reserved values that clients mix in at random (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _version(hello: ClientHello) -> str:
    body = hello.extension(SUPPORTED_VERSIONS)
    offered = [number for number in _numbers(body, width=1) if not is_grease(number)] if body else []
    return _VERSIONS.get(max(offered, default=hello.legacy_version), "00")


def _alpn(hello: ClientHello) -> str:
    body = hello.extension(ALPN) or b""
    first = body[3 : 3 + body[2]] if len(body) > 2 else b""
    if not first:
        return "00"
    ends = chr(first[0]) + chr(first[-1])
    if ends.isascii() and ends.isalnum():
        return ends
    return first.hex()[0] + first.hex()[-1]


def _extension_text(hello: ClientHello, extensions: list[int]) -> str:
    kept = _listed(sorted(kind for kind in extensions if kind not in (SNI, ALPN)))
    body = hello.extension(SIGNATURE_ALGORITHMS)
    algorithms = [number for number in _numbers(body, width=2) if not is_grease(number)] if body else []
    return f"{kept}_{_listed(algorithms)}" if algorithms else kept


def _numbers(body: bytes, *, width: int) -> tuple[int, ...]:
    """Two-byte numbers behind a length of `width` bytes; an odd byte at the end is dropped."""
    count = (len(body) - width) // 2
    return struct.unpack_from(f"!{count}H", body, width) if count > 0 else ()


def _listed(numbers: list[int]) -> str:
    return ",".join(f"{number:04x}" for number in numbers)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else NOTHING
