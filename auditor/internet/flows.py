"""The book of flows: numbers them, and writes their opening, raw bytes and closing to the journal.

Not their content as HTTP or TLS: that is `auditor.internet.recorder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.internet.gateway_sockets import NOBODY
from auditor.model.observation import FlowClosed
from auditor.model.observation import FlowOpened
from auditor.model.observation import GapNoted
from auditor.model.observation import StreamData

if TYPE_CHECKING:
    from auditor.evidence.bodies import BodyStore
    from auditor.evidence.bodies import BodyWriter
    from auditor.evidence.journal import Journal
    from auditor.internet.gateway_sockets import Endpoint
    from auditor.internet.gateway_sockets import Identify
    from auditor.internet.gateway_sockets import Identity
    from auditor.model.observation import Observation

OBSERVER = "proxy"
OUT = "out"
IN = "in"


class FlowBook:
    """All flows of one run."""

    def __init__(self, journal: Journal, bodies: BodyStore, identify: Identify) -> None:
        self.journal = journal
        self.bodies = bodies
        self._identify = identify
        self._count = 0
        self.lost = 0
        """Flows of which some content could not be written down."""

    def identify(self, transport: str, client: Endpoint, destination: Endpoint) -> Identity:
        """Ask once whose socket it is; a failing observer costs the owner, never the flow."""
        try:
            return self._identify(transport, client, destination)
        except Exception:  # noqa: BLE001 - see above
            return NOBODY

    def open(
        self, transport: str, client: Endpoint, destination: Endpoint, identity: Identity | None = None
    ) -> Flow:
        """Write down that a flow begins."""
        identity = identity or self.identify(transport, client, destination)
        self._count += 1
        return Flow(self, f"f{self._count}", transport, client, destination, identity)

    def write(self, what: Observation) -> None:
        """Append to the journal."""
        self.journal.write(OBSERVER, what)

    def close(self) -> None:
        """Note what was lost; called once, after the last flow closed."""
        if self.lost:
            text = f"Flows that the proxy could not follow to their end: {self.lost}. Packets were recorded."
            self.write(GapNoted(observer=OBSERVER, text=text, blinds=True))


class Flow:
    """One connection, or one conversation of datagrams, while it lasts."""

    def __init__(
        self,
        book: FlowBook,
        name: str,
        transport: str,
        client: Endpoint,
        destination: Endpoint,
        identity: Identity,
    ) -> None:
        self.book = book
        self.id = name
        self.client = client
        self.destination = destination
        self.identity = identity
        self.protocol = "raw"
        """As understood so far."""
        self.bytes_out = 0
        self.bytes_in = 0
        self.error = ""
        self._raw: dict[str, BodyWriter] = {}
        self._closed = False
        book.write(
            FlowOpened(
                flow=name,
                transport=transport,
                client_ip=client.ip,
                client_port=client.port,
                ip=destination.ip,
                port=destination.port,
                cookie=identity.cookie,
                inode=identity.inode,
                owner=identity.owner,
            )
        )

    def keep(self, direction: str, data: bytes) -> None:
        """Write down bytes that are no HTTP."""
        if direction not in self._raw:
            self._raw[direction] = self.book.bodies.writer()
        self._raw[direction].write(data)

    def broke(self, error: str) -> None:
        """Content was lost: the flow says why, and the run counts it."""
        self.error = self.error or error
        self.book.lost += 1

    def close(self) -> None:
        """Write down that the flow ended; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        for direction, writer in self._raw.items():
            self._write_stream(direction, writer)
        self.book.write(
            FlowClosed(
                flow=self.id,
                protocol=self.protocol,
                bytes_out=self.bytes_out,
                bytes_in=self.bytes_in,
                error=self.error,
            )
        )

    def _write_stream(self, direction: str, writer: BodyWriter) -> None:
        stored = writer.finish()
        self.book.write(
            StreamData(
                flow=self.id,
                direction=direction,
                bytes=stored.bytes,
                kept=stored.kept,
                sha256=stored.sha256,
                body=stored.name,
            )
        )
