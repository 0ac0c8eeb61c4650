"""Keyed digests of planted values, whose key or salt left in the same flow: HMAC, and salted digests.

Not plain ones (`digests`), and not those whose key stays in the program: they look like random numbers, and
are the business of paired runs.

By chance: `MOST_KEYS` keys with 300 texts and 15 functions are 2.3e6 digests. Each is compared in its first
`PREFIX` bytes with at most `MOST_SEEN` values: one is met by accident with 2.3e6 * 2,000 / 2**80 = 4e-15.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from auditor.classify.search.pieces import Piece

PREFIX = 10
"""Bytes of a digest that are compared: one may be cut to 20 hexadecimal digits."""
MOST_KEYS = 500
"""Keys of a run that are tried."""
MOST_SEEN = 2000
"""Values of a run that look like digests."""
KEYS_OF_FLOW = 64
_KEY_SIZES = range(4, 257)
_HEX = re.compile(r"(?<![0-9a-f])[0-9a-f]{20,128}(?![0-9a-f])", re.IGNORECASE)
_BASE64 = re.compile(r"(?<![\w+/-])[\w+/-]{16,88}={0,2}(?![\w+/=-])", re.ASCII)


def _hmac(name: str) -> tuple[str, Callable[[bytes, bytes], bytes]]:
    return f"hmac-{name}", lambda key, text: hmac.digest(key, text, name)


def _salted(name: str) -> Iterator[tuple[str, Callable[[bytes, bytes], bytes]]]:
    yield f"{name} after its salt", lambda key, text: hashlib.new(name, key + text).digest()
    yield f"{name} before its salt", lambda key, text: hashlib.new(name, text + key).digest()


FUNCTIONS: tuple[tuple[str, Callable[[bytes, bytes], bytes]], ...] = (
    *(_hmac(name) for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256")),
    *(pair for name in ("md5", "sha1", "sha256", "sha512") for pair in _salted(name)),
)
"""(name, from key and text to digest)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """One planted value under a key that is known."""

    canary: str
    function: str
    digest: Piece
    writing: str
    """`hex` or `base64`."""
    key: Piece


def keyed(values: Sequence[Piece], texts: Mapping[str, Sequence[bytes]]) -> Iterator[Keyed]:
    """Every value that is the keyed digest of a text, with a key from the same flow.

    Args:
        values: What left.
        texts: By canary, what a program may have taken the digest of.
    """
    flows: defaultdict[str, list[Piece]] = defaultdict(list)
    for piece in values:
        flows[piece.subject].append(piece)
    made: dict[bytes, dict[bytes, tuple[str, str]]] = {}
    left = MOST_SEEN
    for members in flows.values():
        seen = {digest[:PREFIX]: (piece, how) for piece in members for digest, how in _digests_in(piece.text)}
        left -= len(seen)
        if not seen or left < 0:
            continue
        for key, piece in _keys(members):
            if key not in made and len(made) < MOST_KEYS:
                made[key] = _all(key, texts)
            for prefix in made.get(key, {}).keys() & seen.keys():
                canary, function = made[key][prefix]
                digest, how = seen[prefix]
                yield Keyed(canary=canary, function=function, digest=digest, writing=how, key=piece)


def _all(key: bytes, texts: Mapping[str, Sequence[bytes]]) -> dict[bytes, tuple[str, str]]:
    """Every digest under one key, by its beginning."""
    return {
        function(key, text)[:PREFIX]: (canary, name)
        for canary, each in texts.items()
        for text in each
        for name, function in FUNCTIONS
    }


def _digests_in(text: str) -> Iterator[tuple[bytes, str]]:
    """Bytes that a value may write as a digest, and how."""
    for match in _HEX.finditer(text):
        yield bytes.fromhex(match[0][: len(match[0]) // 2 * 2]), "hex"
    for match in _BASE64.finditer(text):
        decoded = _decoded(match[0])
        if len(decoded) >= PREFIX:
            yield decoded, "base64"


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_").rstrip("=") + "==")
    except (binascii.Error, ValueError):
        return b""


def _keys(members: Sequence[Piece]) -> list[tuple[bytes, Piece]]:
    """Values that may be a key, as text and decoded; the first `KEYS_OF_FLOW`."""
    found: dict[bytes, Piece] = {}
    for piece in members:
        decoded = [digest for digest, _ in _digests_in(piece.text)]
        for key in (piece.text.encode(), *decoded):
            if len(key) in _KEY_SIZES:
                found.setdefault(key, piece)
    return list(found.items())[:KEYS_OF_FLOW]
