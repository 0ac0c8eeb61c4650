"""Making the box's programs trust the run's certificate authority, by files and by variables.

Not the authority itself: it is handed in as PEM. Real roots stay in every bundle, so that nothing
else about TLS changes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SYSTEM_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine
    "/usr/local/share/certs/ca-root-nss.crt",
    "/usr/local/ssl/cert.pem",
)
CERTIFICATE_FOLDER: Final = "/etc/ssl/certs"

BUNDLE_VARIABLES: Final = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "DENO_CERT",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "HTTPLIB2_CA_CERTS",
    "NIX_SSL_CERT_FILE",
)

_PYTHON_BUNDLES = (
    "certifi/cacert.pem",
    "pip/_vendor/certifi/cacert.pem",
    "*/_vendor/certifi/cacert.pem",
    "botocore/cacert.pem",
    "grpc/_cython/_credentials/roots.pem",
    "httplib2/cacerts.txt",
    "stripe/data/ca-certificates.crt",
)
_BIN_PATH = re.compile(r"(/[^\s'\"=:;|&<>]+?)/bin/[^\s'\";|&<>]+")


def find_bundles(command: Iterable[str], environment: dict[str, str], cwd: Path, home: Path) -> list[str]:
    """Real paths of every certificate bundle that the command's programs are likely to read."""
    found = {str(Path(name).resolve()) for name in SYSTEM_BUNDLES if _readable(Path(name))}
    for folder in _site_packages(_prefixes(command, environment, cwd, home)):
        for pattern in _PYTHON_BUNDLES:
            found.update(str(path.resolve()) for path in folder.glob(pattern) if _readable(path))
    return sorted(found)


def _readable(path: Path) -> bool:
    """What the app's user cannot read needs no change for it."""
    return os.access(path, os.R_OK) and path.is_file()


def _prefixes(command: Iterable[str], environment: dict[str, str], cwd: Path, home: Path) -> Iterator[Path]:
    for word in command:
        # Also paths inside a shell line: `sh -c "/srv/venv/bin/python app.py"`.
        for match in _BIN_PATH.finditer(word):
            prefix = Path(match.group(1))
            yield prefix
            yield Path(match.group(0)).resolve().parent.parent
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME"):
        if environment.get(name):
            yield Path(environment[name])
    yield from (cwd / ".venv", cwd / "venv", home / ".local", Path("/usr"), Path("/usr/local"))


def _site_packages(prefixes: Iterable[Path]) -> Iterator[Path]:
    for prefix in dict.fromkeys(prefixes):
        yield from prefix.glob("lib*/python3*/site-packages")
        yield from prefix.glob("lib/python3*/dist-packages")
        yield from prefix.glob("lib/python3/dist-packages")


def bundle_with(roots: bytes, certificate_pem: bytes) -> bytes:
    """A bundle's own roots followed by our certificate."""
    return roots.rstrip(b"\n") + b"\n" + certificate_pem


def system_roots() -> bytes:
    """The first bundle that the system has, empty when it has none."""
    return next((Path(name).read_bytes() for name in SYSTEM_BUNDLES if _readable(Path(name))), b"")


def trust_environment(bundle: str) -> dict[str, str]:
    """Variables that name the bundle, for runtimes that do not read the system's."""
    return dict.fromkeys(BUNDLE_VARIABLES, bundle)


def subject_hash(subject: Iterable[tuple[str, str]]) -> str:
    """Name of a certificate's link in an OpenSSL folder (X509_NAME_hash(3)), without the `.0`.

    Args:
        subject: (dotted OID, value) of each part of the subject, in order.
    """
    canonical = b"".join(
        _der(0x31, _der(0x30, _der_oid(oid) + _der(0x0C, " ".join(value.lower().split()).encode())))
        for oid, value in subject
    )
    return hashlib.sha1(canonical, usedforsecurity=False).digest()[3::-1].hex()


def _der(tag: int, content: bytes) -> bytes:
    if len(content) > 0x7F:
        raise ValueError("subject part longer than 127 bytes")
    return bytes([tag, len(content)]) + content


def _der_oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    return _der(0x06, bytes([first * 40 + second, *rest]))
