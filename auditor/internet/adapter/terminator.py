"""Server-side TLS contexts, one for each host, with certificates of the run's own authority.

Not the handshake: the proxy drives that.
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from typing import TYPE_CHECKING

from OpenSSL import SSL

from auditor.internet.probes import Probes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from auditor.internet.ca import CertificateAuthority

MAX_CONTEXTS = 256
CIPHERS = b"DEFAULT:@SECLEVEL=0"
"""Old clients too: what cannot be opened cannot be read."""
PREFERRED = (b"h2", b"http/1.1", b"http/1.0")
FALLBACK_NAME = "localhost"


class Terminator:
    """Makes contexts, keeps the latest, and logs every session's secrets."""

    def __init__(
        self, ca: CertificateAuthority, keylog: Path, stranger: CertificateAuthority | None = None
    ) -> None:
        """Append secrets to `keylog` in key-log format (RFC 9850), mode 0600.

        Raises:
            OSError: the file cannot be written.
        """
        self._ca = ca
        self._stranger = stranger
        self.probes = Probes() if stranger else None
        """None unless clients are shown certificates of `stranger`, whom they do not trust."""
        self._contexts: OrderedDict[str, SSL.Context] = OrderedDict()
        self._keylog = os.open(keylog, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def context_for(self, host: str) -> SSL.Context:
        """The context with a certificate for a name or an address."""
        context = self._contexts.get(host)
        if context is None:
            context = self._contexts[host] = self._make(host, self._ca)
            if len(self._contexts) > MAX_CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(host)
        return context

    def certificate_for(self, host: str) -> x509.Certificate:
        """A certificate for a name or an address; for what can have none, one for `FALLBACK_NAME`."""
        return _issue(self._ca, host)

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """Of all certificates."""
        return self._ca.leaf_key

    def untrusted_context_for(self, host: str) -> SSL.Context:
        """A context with a certificate that a client must refuse.

        Raises:
            RuntimeError: nobody is to be probed.
        """
        if self._stranger is None:
            raise RuntimeError("there is no untrusted authority")
        return self._make(host, self._stranger)

    def _make(self, host: str, authority: CertificateAuthority) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_options(SSL.OP_NO_COMPRESSION)
        context.set_cipher_list(CIPHERS)
        context.set_alpn_select_callback(choose_alpn)  # type: ignore[arg-type]
        context.set_keylog_callback(self._log)
        context.use_certificate(_issue(authority, host))
        context.use_privatekey(authority.leaf_key)
        return context

    def _log(self, _connection: SSL.Connection, line: bytes) -> None:
        self.log_secret(line)

    def log_secret(self, line: bytes) -> None:
        """Append one line to the key log."""
        # On a full disk: the journal ends the run with a sentence, a callback from C could only print.
        with contextlib.suppress(OSError):
            os.write(self._keylog, line + b"\n")

    def close(self) -> None:
        """Close the key log."""
        os.close(self._keylog)


def _issue(authority: CertificateAuthority, host: str) -> x509.Certificate:
    try:
        return authority.issue(host)
    except ValueError:
        return authority.issue(FALLBACK_NAME)


def choose_alpn(_connection: SSL.Connection, offered: Sequence[bytes]) -> bytes:
    """The first that we speak; else the client's own first, so that it goes on and shows what it sends."""
    return next((each for each in offered if each in PREFERRED), offered[0])
