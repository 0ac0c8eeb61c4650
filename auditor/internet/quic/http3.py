"""HTTP/3 of one client connection: requests to the recorder, answers from it.

Not the connection: stream events come from `auditor.internet.quic.session`.
"""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from aioquic.h3 import events as h3
from aioquic.h3.connection import H3Connection
from aioquic.quic import events

from auditor.internet.recorder import Head
from auditor.internet.recorder import text
from auditor.internet.services.contract import NO_BODY
from auditor.internet.services.contract import SERVER

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection

    from auditor.internet.recorder import Exchange
    from auditor.internet.recorder import Fields
    from auditor.internet.recorder import Recorder
    from auditor.internet.services.contract import Reply

VERSION = "HTTP/3"


class Http3:
    """All exchanges of one connection."""

    def __init__(self, connection: QuicConnection, recorder: Recorder) -> None:
        self._h3 = H3Connection(connection)
        self._recorder = recorder
        self._exchanges: dict[int, Exchange] = {}

    def handle(self, event: events.QuicEvent) -> None:
        """Take one event of the connection."""
        if isinstance(event, events.StreamReset):
            broken = self._exchanges.pop(event.stream_id, None)
            if broken is not None:
                self._recorder.broke_off(broken)
            return
        for part in self._h3.handle_event(event):
            if isinstance(part, h3.HeadersReceived):
                self._headers(part.stream_id, tuple(part.headers))
            elif isinstance(part, h3.DataReceived) and part.stream_id in self._exchanges:
                self._exchanges[part.stream_id].take(part.data)
            if isinstance(part, h3.HeadersReceived | h3.DataReceived) and part.stream_ended:
                self._ended(part.stream_id)

    def _headers(self, stream: int, fields: Fields) -> None:
        known = self._exchanges.get(stream)
        if known is not None:
            known.trailers = fields
            return
        told = {name: text(value) for name, value in fields if name.startswith(b":")}
        plain = tuple(field for field in fields if not field[0].startswith(b":"))
        named = told.get(b":authority") or text(dict(plain).get(b"host", b""))
        head = Head(
            method=told.get(b":method", ""),
            scheme=told.get(b":scheme", "https"),
            authority=self._recorder.authority(named),
            path=told.get(b":path", ""),
            version=VERSION,
            fields=plain,
        )
        self._exchanges[stream] = self._recorder.request(head)

    def _ended(self, stream: int) -> None:
        exchange = self._exchanges.pop(stream, None)
        if exchange is None:
            return
        self._recorder.request_ended(exchange)
        reply = self._recorder.answer(exchange)
        head = response_head(reply)
        self._recorder.response(exchange, reply.status, head[1:])
        self._h3.send_headers(stream, list(head))
        if exchange.head.method != "HEAD" and reply.status not in NO_BODY:
            self._body(stream, exchange, reply)
        trailers = [(name.lower().encode(), value.encode()) for name, value in reply.trailers]
        if trailers:
            self._h3.send_headers(stream, trailers, end_stream=True)
        else:
            self._h3.send_data(stream, b"", end_stream=True)
        self._recorder.response_ended(exchange)

    def _body(self, stream: int, exchange: Exchange, reply: Reply) -> None:
        """Hand the body over at once: the connection sends it as the client takes it."""
        for piece in (reply.body,) if isinstance(reply.body, bytes) else reply.body:
            self._h3.send_data(stream, exchange.give(piece), end_stream=False)


def response_head(reply: Reply) -> Fields:
    """Status and header fields as HTTP/3 wants them (RFC 9114, 4.2 and 4.3.2)."""
    fields = [(b":status", b"%d" % reply.status)]
    fields += [(name.lower().encode(), value.encode()) for name, value in reply.headers]
    fields += [(b"server", SERVER.encode()), (b"date", formatdate(usegmt=True).encode())]
    if isinstance(reply.body, bytes) and reply.status not in NO_BODY:
        fields.append((b"content-length", b"%d" % len(reply.body)))
    return tuple(fields)
