"""Making Java programs trust the run's certificate authority: its key stores, found and written anew.

Not a reader of PKCS #12: such a store is replaced by one with the system's roots and ours. Every Java since
8u60 reads the old format, whatever the name of the file says (`keystore.type.compat` in java.security).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import struct
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Final

STORE: Final = "cacerts"
_BELOW: Final = ("lib/security/cacerts", "jre/lib/security/cacerts")
"""Where a Java home keeps it, before and since Java 9."""
_KNOWN: Final = (
    "/etc/ssl/certs/java/cacerts",  # Debian
    "/etc/pki/ca-trust/extracted/java/cacerts",  # Fedora, RHEL
    "/etc/pki/java/cacerts",
)
_HOMES: Final = ("/usr/lib/jvm/*", "/usr/java/*", "/opt/*jdk*", "/opt/*jre*", "/opt/java/*")
_OWN_HOMES: Final = (
    ".sdkman/candidates/java/*",
    ".jdks/*",
    ".local/share/mise/installs/java/*",
    ".asdf/installs/java/*",
)

# sun.security.provider.JavaKeyStore: all numbers big-endian, text as length and bytes
_HEAD = struct.Struct("!III")
_MAGIC, _VERSION, _TRUSTED = 0xFEEDFEED, 2, 2
_PASSWORD = "changeit"  # noqa: S105 - every Java's own, known to all: it seals, it does not hide
_SALT = b"Mighty Aphrodite"
_DIGEST = 20
_MOST_ROOTS = 10_000
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END CERTIFICATE-----")


def find_stores(command: Iterable[str], environment: Mapping[str, str], home: Path) -> list[str]:
    """Real paths of the key stores of every Java that is likely to be run, as far as we may read them."""
    homes = [
        Path(environment[name]) for name in ("JAVA_HOME", "JDK_HOME", "JRE_HOME") if environment.get(name)
    ]
    words = (word for line in command for word in line.split() if word.endswith("/bin/java"))
    homes += [Path(word).resolve().parent.parent for word in words]
    for pattern in _HOMES:
        homes += sorted(Path("/").glob(pattern.lstrip("/")))
    for pattern in _OWN_HOMES:
        homes += sorted(home.glob(pattern))
    places = [*map(Path, _KNOWN), *(each / below for each in homes for below in _BELOW)]
    return sorted({str(place.resolve()) for place in places if os.access(place, os.R_OK) and place.is_file()})


def is_store(path: str) -> bool:
    """Whether `find_stores` may have named it."""
    return path.rpartition("/")[2] == STORE


def store_with(store: bytes, roots: bytes, certificate_pem: bytes) -> bytes:
    """A key store that holds what `store` held, and ours.

    Args:
        store: The store as it is. Of one in another format than Java's own (JKS) the entries are not read.
        roots: A bundle in PEM, for the entries in that case.
        certificate_pem: The run's certificate authority.

    Raises:
        ValueError: `certificate_pem` holds no certificate.
    """
    ours = list(_certificates(certificate_pem))
    if not ours:
        raise ValueError("no certificate to trust")
    count, entries = _entries(store)
    if not count:
        kept = list(_certificates(roots))[:_MOST_ROOTS]
        count, entries = len(kept), b"".join(_entry(f"root{n}", each) for n, each in enumerate(kept))
    entries += b"".join(_entry(f"ours{n}", each) for n, each in enumerate(ours))
    content = _HEAD.pack(_MAGIC, _VERSION, count + len(ours)) + entries
    return content + _digest(content)


def _entries(store: bytes) -> tuple[int, bytes]:
    """How many, and their bytes as they stand; none for what is no sound store of Java's own format."""
    if len(store) < _HEAD.size + _DIGEST:
        return 0, b""
    magic, version, count = _HEAD.unpack_from(store)
    content, digest = store[:-_DIGEST], store[-_DIGEST:]
    if (magic, version) != (_MAGIC, _VERSION) or digest != _digest(content):
        return 0, b""
    return count, content[_HEAD.size :]


def _entry(alias: str, certificate: bytes) -> bytes:
    name, kind = alias.encode(), b"X.509"
    head = struct.pack(
        f"!IH{len(name)}sQH{len(kind)}sI", _TRUSTED, len(name), name, 0, len(kind), kind, len(certificate)
    )
    return head + certificate


def _digest(content: bytes) -> bytes:
    sealed = _PASSWORD.encode("utf-16-be") + _SALT + content
    return hashlib.sha1(sealed, usedforsecurity=False).digest()


def _certificates(pem: bytes) -> Iterator[bytes]:
    for match in _PEM.finditer(pem):
        try:
            yield base64.b64decode(match[1])
        except binascii.Error:  # a comment that looks like one
            continue
