"""The server that every request reaches: it stands where the proxy would open an upstream connection.

A proxy layer, not a socket: nothing can leave through it. Answers come from the service table.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import TYPE_CHECKING

import h11
import wsproto
from mitmproxy import http
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import commands
from mitmproxy.proxy import events
from mitmproxy.proxy.layers.http import _events as parts
from mitmproxy.proxy.layers.http._base import HttpConnection
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from wsproto.events import AcceptConnection
from wsproto.events import CloseConnection
from wsproto.events import Event as WebSocketEvent
from wsproto.events import Ping
from wsproto.events import Pong
from wsproto.events import Request as Asked
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import ProtocolError as WebSocketError

from auditor.internet.services.contract import NO_BODY
from auditor.internet.services.contract import SERVER
from auditor.internet.services.contract import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from mitmproxy.connection import Server
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.layer import CommandGenerator

    from auditor.internet.recorder import Exchange
    from auditor.internet.recorder import Recorder

EXCHANGE = "exchange"
"""Where an HTTP flow keeps our exchange in its metadata."""


class Origin(HttpConnection):
    """Takes the events of an upstream HTTP connection, for all streams of one client connection."""

    def __init__(
        self, context: Context, conn: Server, recorder: Recorder, exchange_of: Callable[[int], Exchange]
    ) -> None:
        super().__init__(context, conn)
        self._recorder = recorder
        self._exchange_of = exchange_of
        self._upgrades: dict[int, http.Request] = {}
        self._sockets: dict[int, wsproto.WSConnection] = {}
        self._wakeups: dict[commands.Command, tuple[int, Iterator[bytes]]] = {}

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, parts.RequestHeaders) and is_websocket(event.request):
            self._upgrades[event.stream_id] = event.request
        elif isinstance(event, parts.RequestEndOfMessage):
            # Answers begin only here: before, the stream is still busy handing the request over.
            request = self._upgrades.pop(event.stream_id, None)
            answer = self._upgrade(event.stream_id, request) if request else self._answer(event.stream_id)
            yield from answer
        elif isinstance(event, parts.RequestData):
            yield from self._frames(event.stream_id, event.data)
        elif isinstance(event, events.Wakeup) and event.command in self._wakeups:
            yield from self._more(*self._wakeups.pop(event.command))
        elif isinstance(event, parts.RequestProtocolError):
            self._forget(event.stream_id)

    def _forget(self, stream: int) -> None:
        self._sockets.pop(stream, None)
        self._wakeups = {key: value for key, value in self._wakeups.items() if value[0] != stream}

    def _answer(self, stream: int) -> CommandGenerator[None]:
        exchange = self._exchange_of(stream)
        reply = self._recorder.answer(exchange)
        head = exchange.head.method == "HEAD"
        response = make_response(reply, exchange.head.version)
        empty = head or reply.status in NO_BODY or reply.body == b""
        yield ReceiveHttp(parts.ResponseHeaders(stream, response, empty and not reply.trailers))
        body = b"" if empty else reply.body
        if isinstance(body, Iterator):
            yield from self._more(stream, body)
            return
        if body:
            yield ReceiveHttp(parts.ResponseData(stream, body))
        yield ReceiveHttp(parts.ResponseEndOfMessage(stream))

    def _more(self, stream: int, pieces: Iterator[bytes]) -> CommandGenerator[None]:
        """One piece of a long answer; the next when the client has taken this one."""
        piece = next(pieces, None)
        if piece is None:
            yield ReceiveHttp(parts.ResponseEndOfMessage(stream))
            return
        yield ReceiveHttp(parts.ResponseData(stream, piece))
        wakeup = commands.RequestWakeup(0)
        self._wakeups[wakeup] = (stream, pieces)
        yield wakeup

    def _upgrade(self, stream: int, request: http.Request) -> CommandGenerator[None]:
        """Accept a WebSocket, whatever it is for, with the first subprotocol offered (RFC 6455, 4.2.2)."""
        socket = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        try:
            head = _accepted(socket, request)
        except (WebSocketError, h11.ProtocolError, ValueError):  # the others for what is wrong in any request
            yield from self._answer(stream)
            return
        self._sockets[stream] = socket
        self._exchange_of(stream).served_by = "websocket"
        lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:] if line]
        response = _response(101, [(name, value) for name, _, value in lines], b"Switching Protocols")
        yield ReceiveHttp(parts.ResponseHeaders(stream, response, end_stream=True))
        yield ReceiveHttp(parts.ResponseEndOfMessage(stream))

    def _frames(self, stream: int, data: bytes) -> CommandGenerator[None]:
        """Answer pings; messages were recorded on their way here, and the proxy answers the closing.

        What pings, pongs and the closing carry is recorded here, as messages: the proxy does not show it.
        """
        socket = self._sockets.get(stream)
        if socket is None:
            return
        socket.receive_data(data)
        for event in socket.events():
            self._beside(stream, event)
            if isinstance(event, Ping):
                yield ReceiveHttp(parts.ResponseData(stream, socket.send(event.response())))

    def _beside(self, stream: int, event: WebSocketEvent) -> None:
        data = b""
        if isinstance(event, Ping | Pong):
            data = bytes(event.payload)
        elif isinstance(event, CloseConnection):
            data = (event.reason or "").encode()
        if data:
            self._recorder.message(self._exchange_of(stream), data, from_app=True, is_text=False)


def _accepted(socket: wsproto.WSConnection, request: http.Request) -> bytes:
    """Head of the answer.

    Raises:
        WebSocketError: it is no request for a WebSocket.
        h11.ProtocolError: it is no request at all, by its fields.
        ValueError: its host or its extensions cannot be read.
    """
    socket.initiate_upgrade_connection(list(request.headers.fields), request.path)
    offered = [name for event in socket.events() if isinstance(event, Asked) for name in event.subprotocols]
    accepted = AcceptConnection(subprotocol=offered[0] if offered else None, extensions=[PerMessageDeflate()])
    return socket.send(accepted)


def is_websocket(request: http.Request) -> bool:
    """Whether a request asks for an upgrade to WebSocket over HTTP/1.1 (RFC 6455, 4.2.1)."""
    fields = request.headers
    return (
        fields.get("upgrade", "").lower() == "websocket"
        and fields.get("sec-websocket-version") == "13"
        and "sec-websocket-key" in fields
        and request.method == "GET"
        and request.http_version == "HTTP/1.1"
    )


def make_response(reply: Reply, version: str) -> http.Response:
    """A reply as the proxy's response, framed as the client's version of HTTP allows."""
    fields = [(name.encode(), value.encode()) for name, value in reply.headers]
    fields.append((b"Server", SERVER.encode()))
    fields.append((b"Date", formatdate(usegmt=True).encode()))
    if isinstance(reply.body, bytes):
        if reply.status not in NO_BODY:
            fields.append((b"Content-Length", b"%d" % len(reply.body)))
    elif version == "HTTP/1.1":
        fields.append((b"Transfer-Encoding", b"chunked"))
    return _response(reply.status, fields, status_codes.RESPONSES.get(reply.status, "").encode())


def _response(status: int, fields: list[tuple[bytes, bytes]], reason: bytes) -> http.Response:
    now = time.time()
    return http.Response(
        http_version=b"HTTP/1.1",
        status_code=status,
        reason=reason,
        headers=http.Headers(fields),
        content=None,
        trailers=None,
        timestamp_start=now,
        timestamp_end=now,
    )
