"""The name server on the wire: UDP and TCP port 53 of any address.

Not the answers themselves: those come from `auditor.internet.resolver`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from auditor.internet.flows import OUT
from auditor.model.observation import DnsQuery

if TYPE_CHECKING:
    from auditor.evidence.journal import Journal
    from auditor.internet.flows import Flow
    from auditor.internet.gateway_sockets import Endpoint
    from auditor.internet.gateway_sockets import Identity
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

    def datagram(
        self, data: bytes, client: Endpoint, destination: Endpoint, identity: Identity
    ) -> bytes | None:
        """The response to one datagram, or None when it is no question."""
        try:
            answered = self._resolver.respond(data)
        except ValueError:
            return None
        self._write("udp", answered, client, destination, identity)
        return answered.wire

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
                left = self._consume(left + data, writer, flow)
                await writer.drain()
        finally:
            if left:
                flow.keep(OUT, left)

    def _consume(self, data: bytes, writer: asyncio.StreamWriter, flow: Flow) -> bytes:
        """Answer every whole message (two bytes of length before each: RFC 1035, 4.2.2); return the rest."""
        while len(data) >= 2 and len(data) >= (size := 2 + int.from_bytes(data[:2])):
            message, data = data[:size], data[size:]
            try:
                answered = self._resolver.respond(message[2:])
            except ValueError:
                flow.keep(OUT, message)
                continue
            flow.protocol = "dns"
            self._write("tcp", answered, flow.client, flow.destination, flow.identity, flow.id)
            wire = len(answered.wire).to_bytes(2) + answered.wire
            flow.bytes_in += len(wire)
            writer.write(wire)
        return data

    def _write(
        self,
        transport: str,
        answered: Answered,
        client: Endpoint,
        server: Endpoint,
        identity: Identity,
        flow: str = "",
    ) -> None:
        for asked in answered.asked:
            self._journal.write(
                OBSERVER,
                DnsQuery(
                    transport=transport,
                    client_ip=client.ip,
                    client_port=client.port,
                    server_ip=server.ip,
                    server_port=server.port,
                    name=asked.name,
                    type=asked.type,
                    rcode=asked.rcode,
                    answers=asked.answers,
                    cookie=identity.cookie,
                    inode=identity.inode,
                    owner=identity.owner,
                    flow=flow,
                ),
            )
