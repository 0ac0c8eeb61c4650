"""Every way of writing a planted value that is searched for directly, without decoding anything.

Not the search (`search`) and not the undoing of nested encodings (`unfold`).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify.search.disguises import disguised
from auditor.classify.search.disguises import masked
from auditor.classify.search.rewritings import rewritten
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

SHORTEST = 8
"""Forms with fewer bytes than this match by chance and are not searched for."""

SHORTEST_WORD = 6
"""Identity values shorter than `SHORTEST` are searched for down to this length, as whole words only."""

BOUNDED = 12
"""Identity values shorter than this must stand alone: `build` is no host name inside `rebuilding`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One byte string that betrays a canary."""

    canary: str
    """`Canary.id`."""
    encoding: tuple[str, ...]
    """Empty for the value as planted."""
    pattern: bytes
    """Lower-case; searched for in lower-cased data."""
    whole_word: bool = False
    """No letter or digit may stand on either side."""


def _aligned(value: bytes, encode: Callable[[bytes], bytes], group: int, bits: int) -> Iterator[bytes]:
    """The signs that depend on `value` alone, for each of its places in a group (RFC 4648).

    Args:
        value: What was written.
        encode: Writes whole groups.
        group: Bytes in a group.
        bits: That one sign stands for.
    """
    for before in range(group):
        signs = encode(bytes(before) + value)
        yield signs[-(-8 * before // bits) : 8 * (before + len(value)) // bits]


def _grouped(value: bytes, encode: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The same in base 85, where four bytes make five signs that depend on all four."""
    for skipped in range(4):
        whole = (len(value) - skipped) // 4 * 4
        yield encode(value[skipped : skipped + whole])


def _crockford(value: bytes) -> bytes:
    """Base32 that leaves out I, L, O and U."""
    return base64.b32encode(value).translate(_TO_CROCKFORD)


def _alphabet(signs: bytes) -> Callable[[bytes], Iterator[bytes]]:
    """Base64 with other signs."""
    table = bytes.maketrans(_STANDARD_64, signs)
    return lambda value: (found.translate(table) for found in _aligned(value, base64.b64encode, 3, 6))


_DIGITS, _UPPER, _LOWER = (bytes(range(*ends)) for ends in ((48, 58), (65, 91), (97, 123)))
_STANDARD_64 = _UPPER + _LOWER + _DIGITS + b"+/"
_TO_Z85 = bytes.maketrans(
    _DIGITS + _UPPER + _LOWER + b"!#$%&()*+-;<=>?@^_`{|}~",
    _DIGITS + _LOWER + _UPPER + b".-:+=^!/*?&<>()[]{}@%$#",
)

_TO_CROCKFORD = bytes.maketrans(_UPPER + b"234567", _DIGITS + b"ABCDEFGHJKMNPQRSTVWXYZ")

_WRITINGS: tuple[tuple[str, Callable[[bytes], Iterable[bytes]]], ...] = (
    ("base64", lambda value: _aligned(value, base64.b64encode, 3, 6)),
    ("base64url", lambda value: _aligned(value, base64.urlsafe_b64encode, 3, 6)),
    ("base64-crypt", _alphabet(b"./" + _DIGITS + _UPPER + _LOWER)),
    ("base64-bcrypt", _alphabet(b"./" + _UPPER + _LOWER + _DIGITS)),
    ("uuencode", _alphabet(b"`" + bytes(range(33, 96)))),
    ("base32", lambda value: _aligned(value, base64.b32encode, 5, 5)),
    ("base32hex", lambda value: _aligned(value, base64.b32hexencode, 5, 5)),
    ("crockford", lambda value: _aligned(value, _crockford, 5, 5)),
    ("ascii85", lambda value: _grouped(value, base64.a85encode)),
    ("base85", lambda value: _grouped(value, base64.b85encode)),
    ("z85", lambda value: (found.translate(_TO_Z85) for found in _grouped(value, base64.b85encode))),
    ("hex", lambda value: (value.hex().encode(),)),
    ("hex", lambda value: (value.hex(separator).encode() for separator in ":- ")),
    ("url", lambda value: (b"".join(b"%%%02x" % byte for byte in value),)),
    ("json", lambda value: (b"".join(b"\\u00%02x" % byte for byte in value),) if value.isascii() else ()),
    ("utf-16le", lambda value: (value.decode().encode("utf-16-le"),)),
    ("utf-16be", lambda value: (value.decode().encode("utf-16-be"),)),
    ("utf-32le", lambda value: (value.decode().encode("utf-32-le"),)),
    ("utf-32be", lambda value: (value.decode().encode("utf-32-be"),)),
)  # fmt: skip

_OFTEN = frozenset({"base64", "base64url", "hex"})
"""Writings that are looked for in disguise, too."""

_NEVER_MASKED = frozenset({CanaryKind.IDENTITY, CanaryKind.CONTROL})
"""Nobody hides who the user is that way, and what we send ourselves is not hidden at all."""

_HEX_ADDRESS = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}", re.IGNORECASE)
_BARE_ADDRESS = re.compile(rb"[0-9a-f]{12}")
"""Twelve random digits are found in a few megabytes of others, so these must stand alone, too."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+", re.IGNORECASE)
_HYPHENS = ("", "_", " ", ".", "\u2010", "\u2011", "\u2013")
"""What apps and models write instead of a hyphen; the last three are typographic."""
_HEX_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


def forms(canary: Canary) -> tuple[Form, ...]:
    """All forms of one canary, without those that are too short to mean anything."""
    found = {form.pattern: form for form in reversed([*_plain(canary), *_short(canary), *_written(canary)])}
    return tuple(form for form in found.values() if form.whole_word or len(form.pattern) >= SHORTEST)


def variants(canary: Canary) -> tuple[str, ...]:
    """The value, and its customary other spellings: MAC addresses, machine ids, slugs of a marker."""
    value = canary.value
    if canary.kind is not CanaryKind.IDENTITY:
        slugs = (value.replace("-", other) for other in _HYPHENS) if _SLUG.fullmatch(value) else ()
        return (value, *slugs)
    bare = re.sub("[:-]", "", value)
    if _HEX_ADDRESS.fullmatch(value):
        pairs = re.findall("..", bare)
        return (value, bare, ":".join(pairs), "-".join(pairs), str(int(bare, 16)))
    if _HEX_ID.fullmatch(bare):
        dashed = "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))
        return (value, bare, dashed)
    return (value,)


def _plain(canary: Canary) -> Iterator[Form]:
    identity = canary.kind is CanaryKind.IDENTITY
    for value in variants(canary):
        pattern = value.encode().lower()
        short = SHORTEST_WORD <= len(pattern) < BOUNDED or _BARE_ADDRESS.fullmatch(pattern)
        if identity and short:
            yield Form(canary=canary.id, encoding=(), pattern=pattern, whole_word=True)
        else:
            yield Form(canary=canary.id, encoding=(), pattern=pattern)


def _short(canary: Canary) -> Iterator[Form]:
    """Base64 of all of a short value, which must stand alone."""
    for value in variants(canary) if canary.kind is CanaryKind.IDENTITY else ():
        written = base64.b64encode(value.encode()).rstrip(b"=").lower()
        if len(value) >= SHORTEST and len(written) < BOUNDED:
            yield Form(canary=canary.id, encoding=("base64",), pattern=written, whole_word=True)


def _written(canary: Canary) -> Iterator[Form]:
    identity = canary.kind is CanaryKind.IDENTITY
    for value in variants(canary) if identity else (canary.value,):
        plain = value.encode()
        if len(plain) < SHORTEST:
            continue
        yield from _hidden(canary.id, (), plain)
        for encoding, write in _WRITINGS:
            for pattern in write(plain):
                if identity and len(pattern) < BOUNDED:  # two groups of base85: random text holds them
                    continue
                yield Form(canary=canary.id, encoding=(encoding,), pattern=pattern.lower())
                if encoding in _OFTEN and not identity:
                    yield from _hidden(canary.id, (encoding,), pattern)
        if canary.kind not in _NEVER_MASKED:
            for pattern in masked(plain):
                yield Form(canary=canary.id, encoding=("xor",), pattern=pattern.lower())
            for name, pattern in rewritten(plain):
                yield Form(canary=canary.id, encoding=(name,), pattern=pattern.lower())


def _hidden(canary: str, encoding: tuple[str, ...], written: bytes) -> Iterator[Form]:
    """A writing in every disguise; short ones would match by chance."""
    if len(written) >= BOUNDED and not _BARE_ADDRESS.fullmatch(written):
        for name, pattern in disguised(written):
            yield Form(canary=canary, encoding=(*encoding, name), pattern=pattern.lower())
