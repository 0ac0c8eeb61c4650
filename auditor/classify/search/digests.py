"""Digests of planted values: what trackers send as `anonymous` ids, and what hides prompts behind checksums.

Not keyed ones: `hmacs` looks for those, because their keys are only known when the traffic is. Not covered:
blake3, checksums of 32 bits, digests with a salt that never left.

By chance: the first `LONG` hexadecimal digits are looked for anywhere (80 bits), the first `SHORT` as a
word of their own (64 bits), base64 from its first `SIGNS` signs (at least 5 bits each without letter case,
80 bits), bytes from the first `BYTES`. With n digests, 64 MiB of nothing but words of 16 random digits hold
one of them by chance with n * 2**22 / 2**64; for the 2,000 digests of a run that is 5e-10, for real traffic
thousands of times less.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from functools import partial
from typing import TYPE_CHECKING
from typing import Protocol

from auditor.classify.search.forms import Form
from auditor.classify.search.forms import variants
from auditor.model.canary import CanaryKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

    from auditor.model.canary import Canary


class _Hash(Protocol):
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


LONG = 20
"""Hexadecimal digits of a digest, cut or whole, that are looked for anywhere."""
SHORT = 16
"""Hexadecimal digits of a digest that was cut to them; they must stand alone."""
SIGNS = 16
"""Signs of base64 from which a digest is known, cut or whole: 12 bytes."""
BYTES = 16
_REST = {"hex": re.compile(rb"[0-9a-fA-F]{0,112}"), "base64": re.compile(rb"[\w+/-]{0,72}={0,2}")}
"""What may follow the part of a digest that was looked for."""

_PLAIN = (
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512",
)  # fmt: skip
ALGORITHMS: dict[str, Callable[[bytes], _Hash]] = {
    **{name: partial(hashlib.new, name, usedforsecurity=False) for name in _PLAIN},
    "blake2b": hashlib.blake2b,
    "blake2b-256": partial(hashlib.blake2b, digest_size=32),
    "blake2b-128": partial(hashlib.blake2b, digest_size=16),
    "blake2s": hashlib.blake2s,
    "blake2s-128": partial(hashlib.blake2s, digest_size=16),
}
"""By the name that a report gives them. A BLAKE2 of another size is another function (RFC 7693), no cut."""


def digests(canary: Canary) -> Iterator[Form]:
    """Forms of every digest of every text that a program may have taken one of."""
    if canary.kind is CanaryKind.CONTROL:
        return
    for text in texts(canary):
        for name, new in ALGORITHMS.items():
            yield from written(canary.id, (name,), new(text).digest())


def end_of(data: bytes, end: int, encoding: tuple[str, ...]) -> int:
    """Where a digest ends of which the beginning was found, so that a report can quote the whole."""
    if not set(encoding) & ALGORITHMS.keys():
        return end
    rest = _REST.get(encoding[-1].removesuffix("url"))
    return rest.match(data, end).end() if rest else end  # type: ignore[union-attr]  # it matches nothing, too


def texts(canary: Canary) -> tuple[bytes, ...]:
    """What a program may hash: the value or the whole text around it, tidied up as programs do.

    Letter case, space at the ends, a line end (`echo x | sha256sum`), Unicode's two normal forms, and a
    marker without its hyphens.
    """
    values = list(variants(canary)) if canary.kind is CanaryKind.IDENTITY else [canary.value]
    if canary.kind is CanaryKind.PROMPT:
        values.append(canary.value.replace("-", ""))
    found = dict.fromkeys(tidied for value in (*values, canary.context) for tidied in _tidied(value))
    return tuple(text.encode() for text in found if text.strip())


def _tidied(value: str) -> Iterable[str]:
    stripped = value.strip()
    yield value
    yield from (stripped, stripped.lower(), stripped.upper(), stripped + "\n")
    yield from (unicodedata.normalize(form, stripped) for form in ("NFC", "NFD"))


def written(canary: str, chain: tuple[str, ...], digest: bytes) -> Iterator[Form]:
    """One digest as hexadecimal digits, cut ones too, as base64 in both alphabets, and as bytes.

    Args:
        canary: Id of what was hashed.
        chain: How, outermost last: `("sha256",)`.
        digest: At least 16 bytes.
    """
    digits = digest.hex().encode()
    yield Form(canary=canary, encoding=(*chain, "hex"), pattern=digits[:LONG])
    yield Form(canary=canary, encoding=(*chain, "hex"), pattern=digits[:SHORT], whole_word=True)
    signs = base64.b64encode(digest)[:SIGNS].lower()
    yield Form(canary=canary, encoding=(*chain, "base64"), pattern=signs)
    other = signs.translate(bytes.maketrans(b"+/", b"-_"))
    if other != signs:
        yield Form(canary=canary, encoding=(*chain, "base64url"), pattern=other)
    yield Form(canary=canary, encoding=chain, pattern=digest[:BYTES].lower())
