"""The gateway's UDP side: sorts datagrams into conversations by who sent them where.

Not a protocol: services answer by port, and what none answers is recorded in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import NamedTuple
from typing import Protocol

from auditor.internet.flows import IN
from auditor.internet.flows import OUT
from auditor.internet.gateway_sockets import Endpoint
from auditor.internet.gateway_sockets import Identity
from auditor.internet.gateway_sockets import endpoint
from auditor.internet.sniff import name_datagram

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping
    from collections.abc import Sequence

    from auditor.internet.flows import Flow
    from auditor.internet.flows import FlowBook
    from auditor.internet.gateway_sockets import ReplySocket

IP_ORIGDSTADDR = 20
IPV6_ORIGDSTADDR = 74
"""linux/in.h, linux/in6.h; the same numbers as the options that ask for them."""
MAX_DATAGRAM = 65535
ANCILLARY = 256
BATCH = 64
"""Datagrams read before other work gets its turn."""
MAX_CONVERSATIONS = 1024
IDLE_S = 30.0
ANSWERED_IDLE_S = 3.0
"""For conversations with a service (name look-ups): most never send again."""
SWEEP_S = 1.0


class Answer(NamedTuple):
    """What a service says to one datagram."""

    data: bytes
    protocol: str
    written: bool = False
    """The service wrote down what was asked: the bytes need not be kept."""


class Session(Protocol):
    """A protocol with connections of its own on top of datagrams."""

    ended: bool

    def takes(self, datagram: bytes) -> bool:
        """False for the beginning of another session from the same port."""

    def receive(self, datagram: bytes) -> None:
        """Take what the client sent; when the session has ended, forget it."""

    def close(self) -> None:
        """Write down what never ended."""


OpenSession = Callable[["Flow", Callable[[bytes], None]], Session]
"""(flow, send) -> session."""
SESSION = "quic"
"""The protocol that sessions are opened for."""


@dataclass(slots=True, kw_only=True)
class Conversation:
    """Datagrams between one client socket and one destination."""

    client: Endpoint
    destination: Endpoint
    identity: Identity
    family: int
    last: float
    flow: Flow | None = None
    """None as long as it is only questions to the box's own name server."""
    reply: socket.socket | None = None
    session: Session | None = None
    early: list[bytes] = field(default_factory=list)
    """Datagrams for a session that cannot be opened yet."""

    @property
    def idle_s(self) -> float:
        """How long it may stay silent."""
        over = self.session is not None and self.session.ended
        return IDLE_S if self.flow and not over else ANSWERED_IDLE_S


UdpService = Callable[[bytes, Conversation], Answer | None]
"""(datagram, conversation) -> answer, or None when it is not for this service."""


class DatagramGateway:
    """Reads the shared sockets, and those of conversations that were answered."""

    def __init__(
        self,
        book: FlowBook,
        sockets: Sequence[socket.socket],
        reply_socket: ReplySocket,
        services: Mapping[int | str, UdpService],
        resolvers: Collection[str],
    ) -> None:
        """`services` by port of the destination or by what the first datagram looks like.

        What `resolvers` answer is no flow, but look-ups.
        """
        self._open_session: OpenSession | None = None
        self._book = book
        self._sockets = sockets
        self._reply_socket = reply_socket
        self._services = services
        self._resolvers = resolvers
        self._conversations: OrderedDict[tuple[Endpoint, Endpoint], Conversation] = OrderedDict()
        self._sweep: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            each.settimeout(0)
            loop.add_reader(each, self._readable, each)
        self._sweep = loop.call_later(SWEEP_S, self._drop_idle)

    def open_sessions(self, how: OpenSession) -> None:
        """From now on QUIC is answered; what came before is taken up."""
        self._open_session = how
        for talk in list(self._conversations.values()):
            early, talk.early = talk.early, []
            for each in early:
                self._converse(talk, each)

    def stop(self) -> None:
        """Read what waits, then end all conversations."""
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            self._readable(each)
            loop.remove_reader(each)
        if self._sweep is not None:
            self._sweep.cancel()
        while self._conversations:
            self._drop(next(iter(self._conversations)))

    def _readable(self, shared: socket.socket) -> None:
        for _ in range(BATCH):
            try:
                data, ancillary, _, address = shared.recvmsg(MAX_DATAGRAM, ANCILLARY)
            except OSError:
                return
            destination = original_destination(ancillary) or endpoint(shared.getsockname())
            self._receive(self._conversation(shared.family, endpoint(address), destination), data)

    def _conversation(self, family: int, client: Endpoint, destination: Endpoint) -> Conversation:
        key = (client, destination)
        known = self._conversations.get(key)
        if known is None:
            if len(self._conversations) >= MAX_CONVERSATIONS:
                self._drop(next(iter(self._conversations)))
            identity = self._book.identify("udp", client, destination)
            known = Conversation(
                client=client, destination=destination, identity=identity, family=family, last=0.0
            )
            self._conversations[key] = known
        self._conversations.move_to_end(key)
        return known

    def _receive(self, talk: Conversation, data: bytes) -> None:
        talk.last = time.monotonic()
        if talk.session is not None and not talk.session.takes(data):
            self._drop((talk.client, talk.destination))
            talk = self._conversation(talk.family, talk.client, talk.destination)
        if talk.destination.ip not in self._resolvers or talk.destination.port not in self._services:
            self._flow(talk, data)
        if talk.flow is not None and (talk.session or talk.flow.protocol == SESSION):
            talk.flow.bytes_out += len(data)
            self._converse(talk, data)
            return
        answer = self._ask(talk, data)
        if answer is None or not answer.written:
            self._flow(talk, data).keep(OUT, data)
        if talk.flow is not None:
            talk.flow.bytes_out += len(data)
        if answer is not None:
            self._send(talk, answer)

    def _converse(self, talk: Conversation, data: bytes) -> None:
        if talk.flow is None or self._open_session is None:
            talk.early.append(data)
            return
        try:
            if talk.session is None:
                talk.session = self._open_session(talk.flow, lambda reply: self._transmit(talk, reply))
            talk.session.receive(data)
        except Exception as error:  # noqa: BLE001 - as above
            talk.flow.broke(f"{type(error).__name__}: {error}")
            talk.flow.keep(OUT, data)

    def _flow(self, talk: Conversation, data: bytes) -> Flow:
        if talk.flow is None:
            talk.flow = self._book.open("udp", talk.client, talk.destination, talk.identity)
            talk.flow.protocol = name_datagram(data)
        return talk.flow

    def _ask(self, talk: Conversation, data: bytes) -> Answer | None:
        service = self._services.get(talk.destination.port) or self._services.get(name_datagram(data))
        if service is None:
            return None
        try:
            return service(data, talk)
        except Exception:  # noqa: BLE001 - a bug of a service must not lose the datagram
            return None

    def _send(self, talk: Conversation, answer: Answer) -> None:
        if talk.flow is not None:
            talk.flow.protocol = answer.protocol
            if not answer.written:
                talk.flow.keep(IN, answer.data)
        self._transmit(talk, answer.data)

    def _transmit(self, talk: Conversation, data: bytes) -> None:
        """Send from the address that was asked, which needs a socket of its own."""
        if talk.flow is not None:
            talk.flow.bytes_in += len(data)
        with contextlib.suppress(OSError):
            if talk.reply is None:
                talk.reply = self._reply_socket(talk.family, talk.destination, talk.client)
                talk.reply.settimeout(0)
                asyncio.get_running_loop().add_reader(talk.reply, self._continued, talk)
            talk.reply.send(data)

    def _continued(self, talk: Conversation) -> None:
        """The kernel prefers a connected socket: later datagrams arrive here."""
        for _ in range(BATCH):
            if talk.reply is None:
                return
            try:
                data = talk.reply.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                self._drop((talk.client, talk.destination))
                return
            self._receive(talk, data)

    def _drop_idle(self) -> None:
        now = time.monotonic()
        idle = [key for key, talk in self._conversations.items() if now - talk.last > talk.idle_s]
        for key in idle:
            self._drop(key)
        self._sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._drop_idle)

    def _drop(self, key: tuple[Endpoint, Endpoint]) -> None:
        talk = self._conversations.pop(key, None)
        if talk is None:
            return
        if talk.session is not None:
            talk.session.close()
        if talk.reply is not None:
            asyncio.get_running_loop().remove_reader(talk.reply)
            talk.reply.close()
            talk.reply = None
        if talk.flow is not None:
            for each in talk.early:
                talk.flow.keep(OUT, each)
            talk.flow.close()


def original_destination(ancillary: Sequence[tuple[int, int, bytes]]) -> Endpoint | None:
    """The address a datagram was sent to, from its control messages (ip(7), IP_RECVORIGDSTADDR)."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_ORIGDSTADDR):
            port, packed = struct.unpack_from("!2xH4s", data)
            return Endpoint(socket.inet_ntop(socket.AF_INET, packed), port)
        if (level, kind) == (socket.IPPROTO_IPV6, IPV6_ORIGDSTADDR):
            port, packed = struct.unpack_from("!2xH4x16s", data)
            return Endpoint(socket.inet_ntop(socket.AF_INET6, packed), port)
    return None
