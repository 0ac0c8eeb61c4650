"""Turns what the proxy learns about one connection into observations.

Knows no proxy library: `auditor.internet.adapter` calls it with plain values.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from auditor.internet import doh
from auditor.internet.flows import IN
from auditor.internet.flows import OUT
from auditor.internet.services.contract import MAX_JSON
from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Request
from auditor.model.observation import HttpBody
from auditor.model.observation import HttpRequest
from auditor.model.observation import HttpResponse
from auditor.model.observation import TlsEstablished
from auditor.model.observation import TlsFailed
from auditor.model.observation import TlsHello
from auditor.model.observation import TlsUnverified
from auditor.model.observation import WebSocketMessage
from auditor.parse.ja4 import ENCRYPTED_CLIENT_HELLO
from auditor.parse.ja4 import ja4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.evidence.bodies import BodyWriter
    from auditor.internet.flows import Flow
    from auditor.internet.nameserver import NameServer
    from auditor.internet.services import Table
    from auditor.parse.ja4 import ClientHello

MAX_HELLO = 4096
"""Bytes of a ClientHello that are written down; with post-quantum keys it has some 1,800."""
Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields as they were on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request's head as the proxy parsed it."""

    method: str
    scheme: str
    """`http`, `https`, `ws` or `wss`."""
    authority: str
    """Host and port as the client named them, empty when it named none."""
    path: str
    """With the query."""
    version: str
    fields: Fields

    @property
    def url(self) -> str:
        """What was asked for."""
        return self.authority if self.method == "CONNECT" else f"{self.scheme}://{self.authority}{self.path}"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request with its answer, while it lasts."""

    id: str
    head: Head
    out: BodyWriter
    back: BodyWriter
    prefix: bytearray = field(default_factory=bytearray)
    """The beginning of the request's body, for the service."""
    ended: set[str] = field(default_factory=set)
    """Directions whose body was written down."""
    reply: Reply | None = None
    served_by: str = ""
    trailers: Fields = ()
    """Of the request."""

    def take(self, chunk: bytes) -> list[bytes]:
        """Write down a piece of the request's body; nothing is passed on."""
        if chunk:
            self.out.write(chunk)
            if len(self.prefix) < MAX_JSON:
                self.prefix += chunk[: MAX_JSON - len(self.prefix)]
        return []

    def give(self, chunk: bytes) -> bytes:
        """Write down a piece of the answer on its way to the app."""
        self.back.write(chunk)
        return chunk


class Recorder:
    """Everything seen on one connection."""

    def __init__(self, flow: Flow, services: Table, name: str, names: NameServer) -> None:
        """`name` is what the destination's address was answered for, empty when for nothing."""
        self.flow = flow
        self.names = names
        self.probing = False
        """The certificate on show must be refused."""
        self.sni = ""
        self._name = name
        self._services = services
        self._count = 0
        self._open: dict[str, Exchange] = {}

    # TLS

    def tls_hello(
        self, sni: str, alpn: Sequence[bytes], hello: ClientHello, *, protocol: str = "tls", raw: bytes = b""
    ) -> None:
        """A ClientHello was read, `raw` from its version on; `protocol` is `tls` or `quic`."""
        self.sni = sni
        self.flow.protocol = protocol
        self.flow.book.write(
            TlsHello(
                flow=self.flow.id,
                sni=sni,
                alpn=tuple(text(each) for each in alpn),
                ja4=ja4(hello),
                ech=hello.extension(ENCRYPTED_CLIENT_HELLO) is not None,
                raw=base64.b64encode(raw).decode() if len(raw) <= MAX_HELLO else "",
            )
        )

    def tls_established(self, version: str, alpn: str, cipher: str) -> None:
        """The handshake is through."""
        self.flow.book.write(TlsEstablished(flow=self.flow.id, version=version, alpn=alpn, cipher=cipher))

    def tls_failed(self, reason: str, *, protocol: str = "tls") -> None:
        """The client broke the handshake off, or its alert came right after."""
        self.flow.protocol = protocol
        self.flow.book.write(TlsFailed(flow=self.flow.id, reason=reason, probe=self.probing))

    def tls_unverified(self, host: str) -> None:
        """The client went on although the certificate must be refused."""
        self.probing = False
        self.flow.book.write(TlsUnverified(flow=self.flow.id, host=host))

    # HTTP

    def request(self, head: Head) -> Exchange:
        """A request's head was read."""
        self._count += 1
        bodies = self.flow.book.bodies
        exchange = Exchange(
            id=f"{self.flow.id}.{self._count}", head=head, out=bodies.writer(), back=bodies.writer()
        )
        self._open[exchange.id] = exchange
        self.flow.protocol = _protocol(head)
        self.flow.book.write(
            HttpRequest(
                flow=self.flow.id,
                exchange=exchange.id,
                method=head.method,
                url=head.url,
                version=head.version,
                headers=headers(head.fields),
            )
        )
        return exchange

    def authority(self, named: str) -> str:
        """Host and port for a URL: as named, else by TLS or the look-up, else the bare address."""
        if named:
            return named
        ip, port = self.flow.destination
        host = self.sni or self._name or (f"[{ip}]" if ":" in ip else ip)
        return host if port in (80, 443) else f"{host}:{port}"

    def answer(self, exchange: Exchange) -> Reply:
        """Ask the table for the answer to a request that has ended."""
        head = exchange.head
        path, _, query = head.path.partition("?")
        request = Request(
            host=hostname(head.authority),
            method=head.method,
            path=path,
            query=query,
            headers={text(name).lower(): text(value) for name, value in head.fields},
            body=bytes(exchange.prefix),
            mark=self._services.mark,
        )
        exchange.prefix.clear()
        exchange.served_by, exchange.reply = self._served(request)
        return exchange.reply

    def _served(self, request: Request) -> tuple[str, Reply]:
        named = doh.reply(request, lambda query: self.names.answer(query, self.flow, "doh"))
        if named is not None:
            return doh.SERVED_BY, named
        service = self._services.find(request.host, request.method, request.path)
        return service.name, service.reply(request)

    def request_ended(self, exchange: Exchange) -> None:
        """The whole request has arrived."""
        self._body_ended(exchange, OUT, complete=True)

    def response(self, exchange: Exchange, status: int, fields: Fields) -> None:
        """An answer's head goes out."""
        self.flow.book.write(
            HttpResponse(
                exchange=exchange.id, status=status, headers=headers(fields), served_by=exchange.served_by
            )
        )

    def response_ended(self, exchange: Exchange) -> None:
        """The whole answer went out."""
        self._body_ended(exchange, IN, complete=True)
        self._open.pop(exchange.id, None)

    def broke_off(self, exchange: Exchange) -> None:
        """Either side ended in the middle."""
        self._body_ended(exchange, OUT, complete=False)
        if exchange.back.bytes:
            self._body_ended(exchange, IN, complete=False)
        self._open.pop(exchange.id, None)

    def _body_ended(self, exchange: Exchange, direction: str, *, complete: bool) -> None:
        if direction in exchange.ended:
            return
        exchange.ended.add(direction)
        stored = (exchange.out if direction == OUT else exchange.back).finish()
        self.flow.book.write(
            HttpBody(
                exchange=exchange.id,
                direction=direction,
                bytes=stored.bytes,
                kept=stored.kept,
                sha256=stored.sha256,
                body=stored.name,
                complete=complete,
                trailers=headers(exchange.trailers) if direction == OUT else (),
            )
        )

    # WebSocket

    def message(self, exchange: Exchange, data: bytes, *, from_app: bool, is_text: bool) -> None:
        """A whole message passed."""
        stored = self.flow.book.bodies.put(data)
        self.flow.book.write(
            WebSocketMessage(
                exchange=exchange.id,
                direction=OUT if from_app else IN,
                text=is_text,
                bytes=stored.bytes,
                body=stored.name,
            )
        )

    def finish(self) -> None:
        """The connection is over: whatever was still open broke off."""
        for exchange in list(self._open.values()):
            self.broke_off(exchange)


def _protocol(head: Head) -> str:
    if head.scheme in ("ws", "wss"):
        return "ws"
    return {"HTTP/2.0": "h2", "HTTP/3": "h3"}.get(head.version, head.scheme)


def hostname(authority: str) -> str:
    """Host of an authority, lower case, without port and brackets."""
    host, _, port = authority.rpartition(":")
    bare = host if port.isdigit() and host and not (":" in host and "]" not in host) else authority
    return bare.strip("[]").lower().rstrip(".")


def headers(fields: Fields) -> tuple[tuple[str, str], ...]:
    """Header fields as text."""
    return tuple((text(name), text(value)) for name, value in fields)


def text(data: bytes) -> str:
    """Bytes that are UTF-8 as they should be, and Latin-1 where they are not: no byte is lost."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
