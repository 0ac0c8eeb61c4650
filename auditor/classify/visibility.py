"""How much of a flow could be read, and what a reader must know when it was not all.

Not what was read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from typing import NamedTuple

from auditor.model.flow import Visibility
from auditor.model.observation import DnsQuery
from auditor.model.observation import StreamData
from auditor.model.observation import TlsEstablished
from auditor.model.observation import TlsFailed
from auditor.model.observation import TlsHello

if TYPE_CHECKING:
    from auditor.classify.ledger import Ledger
    from auditor.model.process import Owner

SEALED = frozenset(("quic", "dtls", "h3", "tls"))
"""Protocols whose recorded bytes are ciphertext unless their handshake went through."""

_REFUSALS = re.compile(r"unknown.ca|certificate|disconnect|closed|decrypt.error", re.IGNORECASE)

_STORES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"python|uv$|pypy"), "its certifi bundle, SSL_CERT_FILE or REQUESTS_CA_BUNDLE"),
    (re.compile(r"node|bun$|deno|npm|electron"), "NODE_EXTRA_CA_CERTS or --use-system-ca"),
    (re.compile(r"java"), "the Java key store (javax.net.ssl.trustStore)"),
    (re.compile(r"chrom|brave|edge|webview"), "the NSS database in ~/.pki/nssdb"),
    (re.compile(r"firefox"), "the certificate database of its profile"),
    (re.compile(r"git|curl|wget"), "CURL_CA_BUNDLE or GIT_SSL_CAINFO"),
    (re.compile(r"ruby|php|perl"), "SSL_CERT_FILE"),
)
_SILENT = (
    "the app accepted our certificate, then sent nothing on it: opened ahead of need, "
    "or given up because it wants a certificate of its own"
)
_PROBED = "the app refused a certificate that it should refuse: it was shown one on purpose"
_ANY_STORE = "SSL_CERT_FILE or the system's certificate bundle; it may pin its own certificate"


class Seen(NamedTuple):
    """How much of a flow could be read."""

    visibility: Visibility
    note: str = ""
    """Empty when nothing needs saying."""
    alert: str = ""
    """Why TLS was not set up."""
    trust_store: str = ""
    """Where another authority would have to be added."""


def judge(
    ledger: Ledger, flow: str, *, protocol: str, has_requests: bool, bytes_out: int, owner: Owner
) -> Seen:
    """Visibility of an accepted flow."""
    established = bool(ledger.of_flow(flow, TlsEstablished))
    failed = next((what for _, what in ledger.of_flow(flow, TlsFailed)), None)
    read = has_requests or bool(ledger.of_flow(flow, DnsQuery))
    talked = any(what.bytes for _, what in ledger.of_flow(flow, StreamData))
    if failed and not failed.probe and not established and (read or talked):
        # Inside a tunnel, or after STARTTLS: what came before it could be read.
        return _of_failure(failed, owner)
    if read:
        return Seen(Visibility.DECRYPTED)
    if talked:
        return _of_streams(protocol, established=established)
    if failed:
        return _of_failure(failed, owner)
    begun = bool(ledger.of_flow(flow, TlsHello))
    return _of_silence(bytes_out, begun=begun, established=established)


def _of_silence(bytes_out: int, *, begun: bool, established: bool) -> Seen:
    """Of a flow of which no content was recorded."""
    if established:
        return Seen(Visibility.OPAQUE, _SILENT)
    if begun:
        return Seen(Visibility.METADATA_ONLY, "the encrypted connection was begun and never set up")
    if bytes_out:
        return Seen(Visibility.OPAQUE, f"{bytes_out:,} bytes were sent in a way that could not be read")
    return Seen(Visibility.METADATA_ONLY, "nothing was sent")


def _of_streams(protocol: str, *, established: bool) -> Seen:
    if protocol in SEALED and not established:
        return Seen(Visibility.OPAQUE, f"encrypted with {protocol.upper()}, which was not opened")
    return Seen(Visibility.DECRYPTED)


def _of_failure(failed: TlsFailed, owner: Owner) -> Seen:
    reason = failed.reason.partition(". ")[0].rstrip(".")  # the proxy adds advice of its own
    if failed.probe:
        return Seen(Visibility.METADATA_ONLY, _PROBED, reason)
    if not _REFUSALS.search(reason):
        return Seen(Visibility.OPAQUE, f"the encrypted connection could not be set up ({reason})", reason)
    store = trust_store(owner)
    note = f"the app refused our certificate ({reason}); to read it, try {store}"
    return Seen(Visibility.OPAQUE, note, reason, store)


def trust_store(owner: Owner) -> str:
    """The setting that makes this kind of program accept one more authority."""
    name = owner.executable.rpartition("/")[2].lower()
    return next((store for pattern, store in _STORES if pattern.search(name)), _ANY_STORE)
