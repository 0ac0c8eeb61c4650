"""Proxy layers of ours: HTTP that reaches only the origin and loses nothing, and a sink for the rest.

Not the protocols themselves: those are mitmproxy's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import TypeVar

import h11
from h11._readers import ChunkedReader
from mitmproxy import http
from mitmproxy.proxy import commands
from mitmproxy.proxy import events
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers.http import GetHttpConnectionCompleted
from mitmproxy.proxy.layers.http import HttpLayer
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.layers.http import _events as parts
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._http1 import Http1Server
from mitmproxy.proxy.layers.http._http2 import Http2Server

from auditor.internet.adapter.origin import EXCHANGE
from auditor.internet.adapter.origin import Origin
from auditor.internet.flows import OUT
from auditor.parse.h2_frames import Beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from h11._receivebuffer import ReceiveBuffer
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.layer import CommandGenerator
    from mitmproxy.proxy.layers.http import GetHttpConnection
    from mitmproxy.proxy.layers.http import HTTPMode
    from mitmproxy.proxy.layers.http._base import HttpEvent

    from auditor.internet.recorder import Exchange
    from auditor.internet.recorder import Recorder

MAX_HEAD = 1 << 20
"""Bytes of a request's head, after which it is none."""
MAX_CHUNK_HEAD = 1 << 14
"""Bytes of a chunk's line that are looked at for extensions."""
Event = TypeVar("Event", bound=events.Event)


class Sink(layer.Layer):
    """Takes what a client sends, says nothing, and ends when the client does."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        super().__init__(context)
        self._flow = recorder.flow

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, events.DataReceived):
            self._flow.keep(OUT, event.data)
        elif isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.context.client)


class Names(layer.Layer):
    """A name server, on whatever port, inside TLS or not (RFC 7858)."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        super().__init__(context)
        self._flow = recorder.flow
        self._names = recorder.names
        self._transport = "dot" if context.client.tls_established else "tcp"
        self._left = b""

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, events.DataReceived):
            data = self._left + event.data
            answers, self._left = self._names.consume(data, self._flow, self._transport)
            if answers:
                yield commands.SendData(self.context.client, answers)
        elif isinstance(event, events.ConnectionClosed):
            if self._left:
                self._flow.keep(OUT, self._left)
            yield commands.CloseConnection(self.context.client)


class Http(HttpLayer):
    """HTTP whose every upstream connection is the origin."""

    def __init__(self, context: Context, mode: HTTPMode, recorder: Recorder) -> None:
        super().__init__(context, mode)
        self._recorder = recorder

    def speak_http1(self) -> Http1:
        """Take the client for one of HTTP/1."""
        connection = Http1(self.context.fork())
        connection.told = self._told
        self.connections[self.context.client] = connection
        return connection

    def speak_http2(self) -> Http2:
        """Take the client for one of HTTP/2, with or without TLS."""
        connection = Http2(self.context.fork())
        connection.told = self._told
        self.connections[self.context.client] = connection
        return connection

    def _told(self, data: bytes) -> None:
        """Write down what a client said in its framing, where no request is."""
        if data:
            self._recorder.flow.keep(OUT, data)

    def make_stream(self, stream_id: int) -> CommandGenerator[None]:
        """Begin an exchange."""
        self.streams[stream_id] = Stream(self.context.fork(), stream_id)
        yield from self.event_to_child(self.streams[stream_id], events.Start())

    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> CommandGenerator[None]:
        """Nothing is opened: the origin is always there."""
        del reuse
        upstream = self.context.server
        if upstream not in self.connections:
            context = self.context.fork()
            self.connections[upstream] = Origin(context, upstream, self._recorder, self._exchange)
        stream = self.command_sources.pop(event)
        yield from self.event_to_child(stream, GetHttpConnectionCompleted(event, (upstream, None)))

    def _exchange(self, stream_id: int) -> Exchange:
        exchange: Exchange = self.streams[stream_id].flow.metadata[EXCHANGE]
        return exchange


class Stream(HttpStream):
    """One exchange."""

    def check_killed(self, emit_error_hook: bool) -> CommandGenerator[bool]:  # noqa: FBT001 - not our signature
        """Never: a client that has gone meanwhile has still sent what it sent."""
        del emit_error_hook
        yield from ()
        return False


class Http1(Http1Server):
    """HTTP/1 from a client, with trailers, and with the bytes that were none."""

    refused = b""
    """A head that could not be parsed."""
    told: Callable[[bytes], None]
    """Takes extensions of chunks."""

    def send(self, event: HttpEvent) -> CommandGenerator[None]:
        """Answer; error pages do not say whose they are."""
        yield from super().send(_discreet(event))

    def read_headers(self, event: events.ConnectionEvent) -> CommandGenerator[None]:
        """Wait for a head."""
        head = bytes(self.buf)
        # Empty lines before a request are skipped (RFC 9112, 2.2).
        self.buf.maybe_extract_at_most(len(head) - len(head.lstrip(b"\r\n")))
        yield from super().read_headers(event)
        unread = self.request is None and len(self.buf) > MAX_HEAD
        if unread:
            yield commands.CloseConnection(self.conn)
            self.state = self.done
        elif self.state == self.done and self.request is None:
            self.refused = head

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """Read on, and hand trailers over before the end."""
        reader = self.body_reader
        if isinstance(reader, ChunkedReader):
            reader = self.body_reader = TrailerReader(reader, self.told)  # type: ignore[assignment]
        for command in super().read_body(event):
            if isinstance(reader, TrailerReader) and reader.trailers and _ends_request(command):
                yield ReceiveHttp(parts.RequestTrailers(self.stream_id, http.Headers(reader.trailers)))
            yield command

    @property
    def leftover(self) -> bytes:
        """Bytes that never became part of a request."""
        return self.refused + bytes(self.buf)


class TrailerReader:
    """A chunked body whose trailers are put aside: mitmproxy gives up when it sees some."""

    def __init__(self, reader: ChunkedReader, told: Callable[[bytes], None]) -> None:
        """`told` takes the extensions of chunks (RFC 9112, 7.1.1), which the reader throws away."""
        self._reader = reader
        self._told = told
        self.trailers: list[tuple[bytes, bytes]] = []

    def __call__(self, buffer: ReceiveBuffer) -> h11.Event | None:
        """The next piece, or None while more bytes are needed."""
        if not self._reader._bytes_in_chunk:  # noqa: SLF001 - the library keeps the line to itself
            head, ended, _ = bytes(buffer._data[:MAX_CHUNK_HEAD]).lstrip(b"\r\n").partition(b"\r\n")  # noqa: SLF001 - as above
            self._told(head.partition(b";")[2] if ended else b"")
        event = self._reader(buffer)
        if isinstance(event, h11.EndOfMessage) and event.headers:
            self.trailers = [(bytes(name), bytes(value)) for name, value in event.headers.raw_items()]
            return h11.EndOfMessage()
        return event

    def read_eof(self) -> h11.Event:
        """The client has gone in the middle.

        Raises:
            h11.RemoteProtocolError: always.
        """
        return self._reader.read_eof()


class Http2(Http2Server):
    """HTTP/2 from a client."""

    told: Callable[[bytes], None]
    """Takes what is said beside the requests."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._beside = Beside()

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, events.DataReceived):
            self.told(self._beside.feed(event.data))
        yield from super()._handle_event(_discreet(event))

    @property
    def buffered(self) -> int:
        """Bytes of answers that wait for the client's flow-control window."""
        return sum(len(each.data) for queue in self.h2_conn.stream_buffers.values() for each in queue)


def _ends_request(command: commands.Command) -> bool:
    return isinstance(command, ReceiveHttp) and isinstance(command.event, parts.RequestEndOfMessage)


def _discreet(event: Event) -> Event:
    if isinstance(event, parts.ResponseProtocolError):
        event.message = ""
    return event
