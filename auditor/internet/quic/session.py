"""One QUIC connection of a client: handshake, streams, and what was seen of them.

Not HTTP/3 itself (`auditor.internet.quic.http3`), and no sockets: datagrams in, datagrams out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import encode_quic_version_negotiation
from aioquic.tls import AlertDescription

from auditor.internet.flows import OUT
from auditor.internet.quic.http3 import Http3
from auditor.internet.recorder import text
from auditor.internet.sniff import name_datagram
from auditor.parse import client_hello
from auditor.parse import quic

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    from auditor.internet.adapter.terminator import Terminator
    from auditor.internet.recorder import Recorder
    from auditor.parse.ja4 import ClientHello

IDLE_S = 25.0
"""After which a silent connection ends (RFC 9000, 10.1); below that of a conversation of datagrams."""
MAX_EARLY = 16
"""Datagrams that may come before the ClientHello is whole."""
CRYPTO_ERROR = 0x100
"""Error codes that carry a TLS alert begin here (RFC 9000, 20.1)."""
PROTOCOL = "quic"
HTTP3 = b"h3"
NAMES = b"doq"
"""DNS over QUIC (RFC 9250)."""


class QuicSession:
    """Ends a client's connection here. `ended` is true when nothing more will come."""

    def __init__(
        self, recorder: Recorder, terminator: Terminator, send: Callable[[bytes], None], peer: tuple[str, int]
    ) -> None:
        self.ended = False
        self._recorder = recorder
        self._flow = recorder.flow
        self._terminator = terminator
        self._send = send
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._early: list[bytes] = []
        self._foreign = False
        self._original = b""
        """Connection id that the client made up for us."""
        self._initial = quic.InitialReader()
        self._connection: QuicConnection | None = None
        self._established = False
        self._alpn = b""
        self._http: Http3 | None = None
        self._questions: dict[int, bytes] = {}

    def takes(self, datagram: bytes) -> bool:
        """False for the first packet of another connection from the same port."""
        if self._connection is None or name_datagram(datagram) != PROTOCOL:
            return True
        try:
            return quic.long_header(datagram).destination in (self._original, self._connection.host_cid)
        except ValueError:
            return True

    def receive(self, datagram: bytes) -> None:
        """Take one datagram of the client; after the end, forget it."""
        if self.ended:
            return
        if self._connection is None:
            self._greet(datagram)
            return
        self._connection.receive_datagram(datagram, self._peer, now=self._loop.time())
        self._advance()

    def close(self) -> None:
        """Write down what never ended."""
        if self._timer is not None:
            self._timer.cancel()
        self.ended = True
        self._give_up()
        if self._connection is not None and not self._established:
            self._expire(self._loop.time() + 2 * IDLE_S)
        for left in self._questions.values():
            self._flow.keep(OUT, left)
        self._recorder.finish()

    # The beginning

    def _greet(self, datagram: bytes) -> None:
        if self._foreign:
            self._flow.keep(OUT, datagram)
            return
        self._early.append(datagram)
        try:
            header = quic.long_header(datagram)
            if header.version not in quic.VERSIONS:
                self._negotiate(header)
            else:
                self._initial.feed(datagram)
            if message := self._initial.message:
                self._begin(client_hello.read(message, transport="q"), header.destination)
        except ValueError:
            self._give_up()
        if len(self._early) >= MAX_EARLY:
            self._give_up()

    def _give_up(self) -> None:
        """It is no QUIC that can be opened: from now on bytes are bytes."""
        self._foreign = True
        early, self._early = self._early, []
        for each in early:
            self._flow.keep(OUT, each)

    def _negotiate(self, header: quic.Header) -> None:
        """Name the versions that can be opened (RFC 9000, 6)."""
        answer = encode_quic_version_negotiation(
            source_cid=header.destination,
            destination_cid=header.source,
            supported_versions=list(quic.VERSIONS),
        )
        self._send(answer)

    def _begin(self, hello: ClientHello, destination: bytes) -> None:
        self._original = destination
        offered = client_hello.protocols(hello)
        self._recorder.tls_hello(client_hello.server_name(hello), offered, hello, protocol=PROTOCOL)
        self._connection = QuicConnection(
            configuration=self._configuration(offered), original_destination_connection_id=destination
        )
        early, self._early = self._early, []
        for each in early:  # those of an unknown version are passed over
            self._connection.receive_datagram(each, self._peer, now=self._loop.time())
        self._advance()

    def _configuration(self, offered: Sequence[bytes]) -> QuicConfiguration:
        host = self._recorder.sni or self._flow.destination.ip
        preferred = sorted(offered, key=lambda each: each != HTTP3)
        return QuicConfiguration(
            is_client=False,
            alpn_protocols=[text(each) for each in preferred] or None,
            certificate=self._terminator.certificate_for(host),
            private_key=self._terminator.key,
            idle_timeout=IDLE_S,
            max_datagram_frame_size=65536,
            secrets_log_file=_KeyLog(self._terminator),  # type: ignore[arg-type]
            supported_versions=list(quic.VERSIONS),
        )

    # What comes

    def _advance(self) -> None:
        """Handle what happened, send what is due, and be woken up when something will be."""
        connection = self._connection
        if connection is None or self.ended:
            return
        while (event := connection.next_event()) is not None:
            self._handle(event)
        for data, _ in connection.datagrams_to_send(now=self._loop.time()):
            self._send(data)
        if self._timer is not None:
            self._timer.cancel()
        due = connection.get_timer()
        self._timer = (
            self._loop.call_at(due, self._expire, due) if due is not None and not self.ended else None
        )

    def _expire(self, due: float) -> None:
        if self._connection is not None:
            self._connection.handle_timer(now=max(due, self._loop.time()))
            while (event := self._connection.next_event()) is not None:
                self._handle(event)
            self._advance()

    def _handle(self, event: events.QuicEvent) -> None:
        if isinstance(event, events.ProtocolNegotiated):
            self._choose(event.alpn_protocol or "")
        elif isinstance(event, events.HandshakeCompleted):
            self._established = True
            self._recorder.tls_established("QUIC", text(self._alpn), "")
        elif isinstance(event, events.ConnectionTerminated):
            self.ended = True
            if not self._established:
                self._recorder.tls_failed(reason_of(event.error_code, event.reason_phrase), protocol=PROTOCOL)
        elif self._http is not None:
            self._http.handle(event)
        elif isinstance(event, events.StreamDataReceived):
            self._stream(event)
        elif isinstance(event, events.DatagramFrameReceived):
            self._flow.keep(OUT, event.data)

    def _choose(self, alpn: str) -> None:
        self._alpn = alpn.encode()
        if self._connection is not None and self._alpn.startswith(HTTP3):
            self._http = Http3(self._connection, self._recorder)

    def _stream(self, event: events.StreamDataReceived) -> None:
        """A protocol that is not HTTP: names are answered, anything else is kept."""
        if self._alpn != NAMES:
            self._flow.keep(OUT, event.data)
            return
        left = self._questions.pop(event.stream_id, b"") + event.data
        answers, left = self._recorder.names.consume(left, self._flow, "doq")
        if answers and self._connection is not None:
            self._connection.send_stream_data(event.stream_id, answers, end_stream=event.end_stream)
        if left:
            self._questions[event.stream_id] = left


class _KeyLog:
    """The key log as the file that aioquic writes to."""

    def __init__(self, terminator: Terminator) -> None:
        self._terminator = terminator

    def write(self, line: str) -> int:
        self._terminator.log_secret(line.rstrip("\n").encode())
        return len(line)

    def flush(self) -> None:
        """Nothing waits."""


def reason_of(code: int, phrase: str) -> str:
    """Why a client ended a handshake: its alert in words, its phrase, or that it went away."""
    number = code - CRYPTO_ERROR
    if number in AlertDescription._value2member_map_:
        return AlertDescription(number).name.replace("_", " ")
    return phrase or "disconnected"
