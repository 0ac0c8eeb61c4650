"""The control's HTTP/3 request, over a UDP socket that was opened in the box.

Spoken here and not in the box: what it needs (aioquic) is loaded here for the proxy anyway, and loading it in
a program of its own would take longer than all other channels together.
"""

from __future__ import annotations

import socket
import time

from aioquic.h3.connection import H3_ALPN
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.events import ProtocolNegotiated

_MOST_DATAGRAM = 65535


def request(connection: socket.socket, host: str, value: str, authority: bytes, timeout_s: float) -> None:
    """POST over HTTP/3, the value in the body.

    Args:
        connection: A UDP socket that is connected.
        host: Name of the server, as certificate and request say it.
        value: What to send.
        authority: PEM of the one authority to trust.
        timeout_s: For all of it.

    Raises:
        OSError: no answer came in time, or the connection was broken off.
    """
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=list(H3_ALPN), server_name=host, cadata=authority
    )
    quic = QuicConnection(configuration=configuration)
    peer, until = connection.getpeername(), time.monotonic() + timeout_s
    quic.connect(peer, now=time.monotonic())
    exchange = _Exchange(quic, host, value)
    while not exchange.answered:
        _send(quic, connection)
        _receive(quic, connection, peer, until)
        exchange.advance()
    quic.close()
    _send(quic, connection)


class _Exchange:
    """The one request of a connection."""

    def __init__(self, quic: QuicConnection, host: str, value: str) -> None:
        self.answered = False
        self._quic = quic
        self._host = host
        self._value = value
        self._http: H3Connection | None = None

    def advance(self) -> None:
        """Handle what has happened.

        Raises:
            ConnectionError: the server ended the connection.
        """
        while (event := self._quic.next_event()) is not None:
            if isinstance(event, ConnectionTerminated):
                raise ConnectionError(event.reason_phrase or f"QUIC error {event.error_code:#x}")
            if isinstance(event, ProtocolNegotiated):
                self._ask()
            for part in self._http.handle_event(event) if self._http else ():
                ended = isinstance(part, HeadersReceived | DataReceived) and part.stream_ended
                self.answered = self.answered or ended

    def _ask(self) -> None:
        self._http = H3Connection(self._quic)
        stream = self._quic.get_next_available_stream_id()
        head = {
            b":method": b"POST",
            b":scheme": b"https",
            b":authority": self._host.encode(),
            b":path": b"/upload",
        }
        self._http.send_headers(stream, list(head.items()))
        self._http.send_data(stream, self._value.encode(), end_stream=True)


def _send(quic: QuicConnection, connection: socket.socket) -> None:
    for data, _ in quic.datagrams_to_send(now=time.monotonic()):
        connection.send(data)


def _receive(quic: QuicConnection, connection: socket.socket, peer: tuple[str, int], until: float) -> None:
    """Take one datagram, or let a timer run out.

    Raises:
        TimeoutError: the time is over.
        ConnectionError: nobody is there.
    """
    now = time.monotonic()
    if now >= until:
        raise TimeoutError("no answer over QUIC")
    due = quic.get_timer()
    connection.settimeout(max(min(until, due if due is not None else until) - now, 0.001))
    try:
        quic.receive_datagram(connection.recv(_MOST_DATAGRAM), peer, now=time.monotonic())
    except TimeoutError:
        quic.handle_timer(now=time.monotonic())
