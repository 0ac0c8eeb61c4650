"""The name server on the wire: over UDP and TCP on port 53 of any address, over TLS and HTTP anywhere.

Not the answers themselves: those come from `auditor.internet.resolver`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from auditor.internet.datagrams import Answer
from auditor.internet.flows import OUT
from auditor.model.observation import DnsQuery

if TYPE_CHECKING:
    from auditor.evidence.journal import Journal
    from auditor.internet.datagrams import Conversation
    from auditor.internet.flows import Flow
    from auditor.internet.resolver import Answered
    from auditor.internet.resolver import Resolver

PORT = 53
OBSERVER = "resolver"
IDLE_S = 120
"""How long a TCP connection may stay silent (RFC 7766, 6.2.3 leaves it to the server)."""
READ = 65536


class NameServer:
    """Answers questions and writes each one down."""

    def __init__(self, journal: Journal, resolver: Resolver) -> None:
        self._journal = journal
        self._resolver = resolver

    def datagram(self, data: bytes, talk: Conversation) -> Answer | None:
        """The response to one datagram, or None when it is no question."""
        try:
            answered = self._resolver.respond(data)
        except ValueError:
            return None
        self._write("udp", answered, talk, talk.flow.id if talk.flow else "")
        return Answer(answered.wire, "dns", written=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow) -> None:
        """Answer one TCP connection until it ends; what is no DNS on it is kept as raw bytes.

        Raises:
            OSError: the connection broke.
            TimeoutError: nothing came for `IDLE_S`.
        """
        left = b""
        try:
            while data := await asyncio.wait_for(reader.read(READ), IDLE_S):
                flow.bytes_out += len(data)
                answers, left = self.consume(left + data, flow, "tcp")
                flow.bytes_in += len(answers)
                writer.write(answers)
                await writer.drain()
        finally:
            if left:
                flow.keep(OUT, left)

    def consume(self, data: bytes, flow: Flow, transport: str) -> tuple[bytes, bytes]:
        """Answer every whole message (two bytes of length before each: RFC 1035, 4.2.2).

        Args:
            data: What came, with what was left of the last time.
            flow: Carries it; a message that is no question is kept in it as raw bytes.
            transport: `tcp`, `dot` or `doq`.

        Returns:
            The answers, and what is left.
        """
        answers = b""
        while len(data) >= 2 and len(data) >= (size := 2 + int.from_bytes(data[:2])):
            message, data = data[:size], data[size:]
            try:
                wire = self.answer(message[2:], flow, transport)
            except ValueError:
                flow.keep(OUT, message)
                continue
            flow.protocol = "dns" if transport == "tcp" else transport
            answers += len(wire).to_bytes(2) + wire
        return answers, data

    def answer(self, message: bytes, flow: Flow, transport: str) -> bytes:
        """The response to one message.

        Raises:
            ValueError: it is no DNS query.
        """
        answered = self._resolver.respond(message)
        self._write(transport, answered, flow, flow.id)
        return answered.wire

    def _write(self, transport: str, answered: Answered, asker: Flow | Conversation, flow: str) -> None:
        for asked in answered.asked:
            self._journal.write(
                OBSERVER,
                DnsQuery(
                    transport=transport,
                    client_ip=asker.client.ip,
                    client_port=asker.client.port,
                    server_ip=asker.destination.ip,
                    server_port=asker.destination.port,
                    name=asked.name,
                    type=asked.type,
                    rcode=asked.rcode,
                    answers=asked.answers,
                    cookie=asker.identity.cookie,
                    inode=asker.identity.inode,
                    owner=asker.identity.owner,
                    flow=flow,
                    beside=answered.beside.hex(),
                ),
            )
