"""The moments of a connection at which something is decided or written down.

Not an addon: methods named `on_HOOK` are called directly, in the order of the events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mitmproxy import http
from mitmproxy.proxy import layers
from mitmproxy.proxy.layers.http import HTTPMode
from OpenSSL import SSL

from auditor.internet import dialogues
from auditor.internet.adapter.layers import Http
from auditor.internet.adapter.layers import Http1
from auditor.internet.adapter.layers import Http2
from auditor.internet.adapter.layers import Names
from auditor.internet.adapter.layers import Sink
from auditor.internet.adapter.origin import EXCHANGE
from auditor.internet.adapter.origin import is_websocket
from auditor.internet.adapter.talk import Greeter
from auditor.internet.adapter.talk import Talk
from auditor.internet.recorder import Head
from auditor.internet.recorder import text
from auditor.internet.sniff import Speaks
from auditor.internet.sniff import sniff
from auditor.parse.ja4 import ClientHello

if TYPE_CHECKING:
    from mitmproxy import tls
    from mitmproxy.proxy import commands
    from mitmproxy.proxy import layer
    from mitmproxy.proxy.context import Context

    from auditor.internet.adapter.terminator import Terminator
    from auditor.internet.dialogues.contract import Dialogue
    from auditor.internet.recorder import Exchange
    from auditor.internet.recorder import Recorder

ALERT = re.compile(r"alert ([a-z][a-z ]+[a-z])")
"""How OpenSSL words an alert: `tlsv1 alert unknown ca`, `ssl/tls alert bad certificate`."""
LATE_ALERT = "TLS Error"
"""How the proxy's log begins when an alert follows a finished handshake."""
NO_HELLO = "Cannot parse ClientHello"


class Hooks:
    """Hooks of one connection."""

    def __init__(self, recorder: Recorder, terminator: Terminator) -> None:
        self._recorder = recorder
        self._terminator = terminator
        self._undecided: layer.NextLayer | None = None
        self._greeting: layers.ClientTLSLayer | None = None
        """Waits for a whole ClientHello."""
        self._http: list[Http1 | Http2] = []

    def run(self, hook: commands.StartHook) -> None:
        """Call the method of the hook's name, if there is one."""
        method = getattr(self, f"on_{hook.name}", None)
        if method is not None:
            method(*hook.args())

    # What comes next

    def on_next_layer(self, question: layer.NextLayer) -> None:
        """Choose by the first bytes."""
        if self._recorder.probing and question.context.client.tls_established:
            self._recorder.tls_unverified(self._host)
        speaks = sniff(_sent(question))
        self._undecided = None if speaks else question
        if speaks is not None:
            question.layer = self._layer(speaks, question.context, _sent(question))

    def first(self, context: Context) -> layer.Layer | None:
        """The layer for a port where servers speak first; None for any other."""
        dialogue = dialogues.for_port(self._recorder.flow.destination.port)
        return Greeter(context, self._recorder, dialogue, self._tls) if dialogue else None

    def _talk(self, context: Context, dialogue: Dialogue) -> layer.Layer:
        return Talk(context, self._recorder, dialogue, self._tls)

    def _tls(self, context: Context, inside: layer.Layer | None = None) -> layer.Layer:
        # The proxy derives a request's scheme from its upstream, which is never there.
        context.server.tls = True
        self._greeting = layers.ClientTLSLayer(context)
        if inside is not None:
            self._greeting.child_layer = inside
        return self._greeting

    def _layer(self, speaks: Speaks, context: Context, sent: bytes) -> layer.Layer:
        if speaks is Speaks.RAW:
            dialogue = dialogues.for_bytes(sent)
            return self._talk(context, dialogue) if dialogue else Sink(context, self._recorder)
        if speaks is Speaks.DNS:
            return Names(context, self._recorder)
        if speaks is Speaks.TLS:
            dialogue = dialogues.for_port(self._recorder.flow.destination.port)
            if dialogue is None or context.client.tls:
                return self._tls(context)
            dialogue.secured()
            return self._tls(context, self._talk(context, dialogue))
        mode = HTTPMode.regular if speaks is Speaks.CONNECT else HTTPMode.transparent
        chosen = Http(context, mode, self._recorder)
        self._http.append(chosen.speak_http2() if speaks is Speaks.HTTP2 else chosen.speak_http1())
        return chosen

    # TLS

    def on_tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Write down who says hello."""
        self._greeting = None
        hello = data.client_hello
        raw = hello.raw_bytes(wrap_in_record=False)
        facts = ClientHello(
            legacy_version=int.from_bytes(raw[:2]),
            ciphers=tuple(hello.cipher_suites),
            extensions=tuple((kind, body) for kind, body in hello.extensions if isinstance(body, bytes)),
        )
        self._recorder.tls_hello(hello.sni or "", hello.alpn_protocols, facts, raw=raw)

    def on_tls_start_client(self, start: tls.TlsData) -> None:
        """Answer as the host that was asked for."""
        probes, host = self._terminator.probes, self._host
        self._recorder.probing = probes is not None and probes.due(self._recorder.flow.identity.app, host)
        contexts = self._terminator
        show = contexts.untrusted_context_for if self._recorder.probing else contexts.context_for
        connection = SSL.Connection(show(host))
        connection.set_accept_state()
        start.ssl_conn = connection

    @property
    def _host(self) -> str:
        return self._recorder.sni or self._recorder.flow.destination.ip

    def on_tls_established_client(self, data: tls.TlsData) -> None:
        """Write down what was agreed on."""
        if self._terminator.probes is not None and not self._recorder.probing:
            self._terminator.probes.established(self._recorder.flow.identity.app, self._host)
        client = data.conn
        alpn = text(client.alpn or b"")
        self._recorder.tls_established(client.tls_version or "", alpn, client.cipher or "")

    def on_tls_failed_client(self, data: tls.TlsData) -> None:
        """Write down why."""
        self._recorder.tls_failed(reason_of(data.conn.error or ""))

    def logged(self, message: str) -> None:
        """Some clients finish the handshake and refuse the certificate right after."""
        if message.startswith(LATE_ALERT) and ALERT.search(message):
            self._recorder.tls_failed(reason_of(message))

    # HTTP

    def on_requestheaders(self, flow: http.HTTPFlow) -> None:
        """Write down the head; the body is written down as it passes and never held."""
        exchange = self._recorder.request(self._head(flow.request))
        flow.metadata[EXCHANGE] = exchange
        flow.request.stream = exchange.take

    def _head(self, request: http.Request) -> Head:
        secure = "https" if request.scheme == "https" else "http"
        named = request.authority or request.host_header or ""
        return Head(
            method=request.method,
            scheme=secure.replace("http", "ws") if is_websocket(request) else secure,
            authority=self._recorder.authority(named),
            path=request.path,
            version=request.http_version,
            fields=request.headers.fields,
        )

    def on_request(self, flow: http.HTTPFlow) -> None:
        """The request has ended."""
        exchange = _exchange(flow)
        if flow.request.trailers:
            exchange.trailers = flow.request.trailers.fields
            # The origin has no use for them.
            flow.request.trailers = None
        self._recorder.request_ended(exchange)

    def on_responseheaders(self, flow: http.HTTPFlow) -> None:
        """Write down the head of the answer; a long one is passed on piece by piece."""
        exchange, response = _exchange(flow), _response(flow)
        self._recorder.response(exchange, response.status_code, response.headers.fields)
        if exchange.reply is not None and isinstance(exchange.reply.body, Iterator):
            response.stream = exchange.give

    def on_response(self, flow: http.HTTPFlow) -> None:
        """The answer has ended."""
        exchange, response = _exchange(flow), _response(flow)
        if not response.stream:
            exchange.give(response.raw_content or b"")
        if exchange.reply is not None and exchange.reply.trailers and flow.request.is_http2:
            response.trailers = http.Headers(
                [(name.encode(), value.encode()) for name, value in exchange.reply.trailers]
            )
        self._recorder.response_ended(exchange)

    def on_error(self, flow: http.HTTPFlow) -> None:
        """The exchange broke off."""
        if EXCHANGE in flow.metadata:
            self._recorder.broke_off(_exchange(flow))

    def on_http_connect(self, flow: http.HTTPFlow) -> None:
        """The client takes us for its proxy and asks for a tunnel."""
        exchange = self._recorder.request(self._head(flow.request))
        exchange.served_by = "tunnel"
        flow.metadata[EXCHANGE] = exchange
        self._recorder.request_ended(exchange)

    def on_http_connected(self, flow: http.HTTPFlow) -> None:
        """It gets one, which ends here as well."""
        exchange, response = _exchange(flow), _response(flow)
        self._recorder.response(exchange, response.status_code, response.headers.fields)
        self._recorder.response_ended(exchange)

    def on_websocket_message(self, flow: http.HTTPFlow) -> None:
        """Write a message down, and forget it."""
        if flow.websocket is not None:
            message = flow.websocket.messages.pop()
            self._recorder.message(
                _exchange(flow), message.content, from_app=message.from_client, is_text=message.is_text
            )

    # The end

    @property
    def leftover(self) -> bytes:
        """Bytes that the client sent and that never became part of anything."""
        if self._undecided is not None:
            return _sent(self._undecided)
        if self._greeting is not None:
            return bytes(self._greeting.recv_buffer)
        return b"".join(each.leftover for each in self._http if isinstance(each, Http1))

    @property
    def buffered(self) -> int:
        """Bytes of answers that wait for a client's HTTP/2 window."""
        return sum(each.buffered for each in self._http if isinstance(each, Http2))


def _sent(question: layer.NextLayer) -> bytes:
    sent: bytes = question.data_client()  # type: ignore[no-untyped-call]
    return sent


def _exchange(flow: http.HTTPFlow) -> Exchange:
    exchange: Exchange = flow.metadata[EXCHANGE]
    return exchange


def _response(flow: http.HTTPFlow) -> http.Response:
    if flow.response is None:
        raise RuntimeError("the proxy announced a response that is not there")
    return flow.response


def reason_of(error: str) -> str:
    """An alert's words, or why else a handshake failed."""
    if alert := ALERT.search(error):
        return alert[1]
    if error.startswith(NO_HELLO):
        return "not a ClientHello"
    return "disconnected" if error == "connection closed" else error
