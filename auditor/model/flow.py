"""What left the box: flows, the HTTP exchanges inside them, and name look-ups.

Not packets: those are evidence, counted in `coverage` and referred to by number.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.model.process import Owner


class Visibility(enum.StrEnum):
    """How much of a flow's content could be read."""

    DECRYPTED = "decrypted"
    """All content was read, whether it was ever encrypted or not."""
    METADATA_ONLY = "metadata-only"
    """There was no content to read: never answered, never established, or nothing was sent in the clear."""
    OPAQUE = "opaque"
    """Content passed, or would have, that could not be read; also TLS that was set up and stayed silent."""


class Purpose(enum.StrEnum):
    """Why a contact was made, judged from path, body and host, in that order."""

    PROMPT_LEAK = "prompt-leak"
    RESPONSE_LEAK = "response-leak"
    TELEMETRY = "telemetry"
    CRASH_REPORT = "crash-report"
    UPDATE_CHECK = "update-check"
    REMOTE_CONFIG = "remote-config"
    MODEL_REGISTRY = "model-registry"
    MODEL_DOWNLOAD = "model-download"
    CLOUD_INFERENCE = "cloud-inference"
    WEB_SEARCH = "web-search"
    ACCOUNT = "account"
    LICENCE = "licence"
    ASSET_CDN = "asset-cdn"
    CONNECTIVITY_CHECK = "connectivity-check"
    PUBLIC_IP_LOOKUP = "public-ip-lookup"
    PACKAGE_REGISTRY = "package-registry"
    DNS_ONLY = "dns-only"
    FIRST_PARTY_API = "first-party-api"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a flow went."""

    domain: str
    """Name the app used, empty when it used a bare address."""
    ip: str
    port: int
    """0 where the transport has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpExchange:
    """One request with its answer."""

    id: str
    method: str
    url: str
    status: int
    """0 when no answer was sent."""
    bytes_out: int
    """Body bytes of the request as sent on the wire."""
    bytes_in: int
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    """File name under `bodies/`, empty for an empty body."""
    response_body: str
    served_by: str
    """Which stand-in service answered."""
    purpose: Purpose = Purpose.UNKNOWN
    """Judged for this request alone: one connection may carry several purposes."""
    evidence: str = ""
    """`events.jsonl:SEQ`."""
    mono_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One connection, or one conversation of datagrams between two endpoints."""

    id: str
    phase: str
    start_s: float
    end_s: float
    process: Owner
    destination: Destination
    transport: str
    """`tcp`, `udp`, `icmp`, `icmpv6`, `igmp`, `udplite`, or the protocol number."""
    protocol: str
    """`http`, `https`, `h2`, `h3`, `ws`, `dns`, `tls`, `quic`, `raw`."""
    visibility: Visibility
    sni: str
    ja4: str
    bytes_out: int
    bytes_in: int
    purpose: Purpose
    entity: str
    """Organisation behind the destination, empty when unknown."""
    declared: bool
    canaries: tuple[str, ...]
    """Ids of canaries found in what left."""
    requests: tuple[HttpExchange, ...]
    note: str = ""
    """What a reader must know: `the app refused our certificate (unknown ca)`."""
    evidence: tuple[str, ...] = ()
    probed: bool = False
    """The app was shown a certificate that it must refuse, on purpose."""
    unverified: bool = False
    """The app sent data although the server's certificate was one that it must refuse."""
    alpn: tuple[str, ...] = ()
    """Protocols that the client offered inside TLS."""
    alert: str = ""
    """Why TLS was not set up, as the client or our side said it; empty when it was."""
    trust_store: str = ""
    """Where to add an authority so that this kind of program accepts it; empty when it refused none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One question to a name server."""

    id: str
    phase: str
    start_s: float
    process: Owner
    name: str
    type: str
    """`A`, `AAAA`, `TXT`, ..."""
    answers: tuple[str, ...]
    entity: str
    declared: bool
    followed: bool
    """True when a flow to one of the answers followed."""
    canaries: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    server: str = ""
    """Address it was sent to."""
    server_name: str = ""
    """Name that the app knew that address by, empty when it used the bare address."""
    chosen: bool = False
    """The app asked a name server of its own choice, not the one that the system is set up with."""
    server_declared: bool = False
    """The user declared that name server."""
    transport: str = "udp"
    """`udp`, `tcp`, `dot` (over TLS), `doq` (over QUIC) or `doh` (over HTTP)."""
