"""One handler for each accepted connection: moves bytes between its socket and the layers.

Not a decision about what they mean: those are in `auditor.internet.adapter.hooks`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mitmproxy import version
from mitmproxy.proxy import commands
from mitmproxy.proxy import events
from mitmproxy.proxy import layers
from mitmproxy.proxy import mode_specs
from mitmproxy.proxy import server

from auditor.internet.adapter.hooks import Hooks
from auditor.internet.adapter.layers import Sink
from auditor.internet.flows import OUT
from auditor.internet.quic.session import QuicSession
from auditor.internet.recorder import Recorder
from auditor.internet.services.contract import SERVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.internet.adapter.terminator import Terminator
    from auditor.internet.flows import Flow
    from auditor.internet.nameserver import NameServer
    from auditor.internet.services import Table

# Error pages carry this name; a program must not be able to tell by it that it is watched.
version.MITMPROXY = SERVER
MODE = mode_specs.ProxyMode.parse("transparent")
GONE = "no upstream"
MAX_BUFFERED = 1 << 20
"""Bytes of an answer that may wait for the client."""
POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class Options:
    """What the proxy's layers read from their options; plain attributes, since theirs copy at each read."""

    body_size_limit: str | None = None
    connection_strategy: str = "lazy"
    http2: bool = True
    http2_ping_keepalive: int = 0
    http3: bool = False
    http_connect_send_host_header: bool = True
    keep_host_header: bool = True
    normalize_outbound_headers: bool = True
    proxy_debug: bool = False
    proxyauth: str | None = None
    rawtcp: bool = True
    store_streamed_bodies: bool = False
    stream_large_bodies: str | None = None
    tcp_timeout: int = 600
    validate_inbound_headers: bool = False
    """Off: odd requests are evidence, too."""
    websocket: bool = True


OPTIONS = Options()


class Proxy:
    """Serves accepted connections."""

    def __init__(
        self, terminator: Terminator, services: Table, name_of: Callable[[str], str], names: NameServer
    ) -> None:
        """`name_of` gives the name that an address was answered for; `names` answers inside flows."""
        self._terminator = terminator
        self._names = names
        self._services = services
        self._name_of = name_of

    def quic(self, flow: Flow, send: Callable[[bytes], None]) -> QuicSession:
        """Begin a session over datagrams that `send` answers."""
        recorder = Recorder(flow, self._services, self._name_of(flow.destination.ip), self._names)
        return QuicSession(recorder, self._terminator, send, flow.client)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow) -> None:
        """Talk on one connection until it ends; when cancelled, write down what there is."""
        recorder = Recorder(flow, self._services, self._name_of(flow.destination.ip), self._names)
        handler = Handler(reader, writer, recorder, self._terminator)
        talking = asyncio.get_running_loop().create_task(handler.handle_client())
        try:
            await asyncio.shield(talking)
        except asyncio.CancelledError:
            handler.abort()
            await talking
            raise
        finally:
            handler.finish()


class Handler(server.LiveConnectionHandler):
    """One connection. Hooks run at once, in the order of the events.

    The base class runs each hook in a task of its own; a client that sends a request and closes at
    once could then overtake its own request, and the body would be lost.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        recorder: Recorder,
        terminator: Terminator,
    ) -> None:
        super().__init__(reader, writer, OPTIONS, MODE)  # type: ignore[arg-type]
        self._recorder = recorder
        self._flow = recorder.flow
        self._hooks = Hooks(recorder, terminator)
        self._outbox: list[bytes] = []
        context = self.layer.context
        destination = (recorder.flow.destination.ip, recorder.flow.destination.port)
        context.client.sockname = context.server.address = destination
        self.layer = self._hooks.first(context) or layers.modes.TransparentProxy(context)

    async def handle_hook(self, hook: commands.StartHook) -> None:
        """Hooks of the connection itself; all others come through `server_event`."""
        self._hooks.run(hook)

    def log(self, *_: object, **__: object) -> None:
        """What the library logs is not for the terminal."""

    async def open_connection(self, command: commands.OpenConnection) -> None:
        """Never: there is no upstream."""
        await self.server_event(events.OpenConnectionCompleted(command, GONE))

    async def server_event(self, event: events.Event) -> None:
        """Hand an event to the layers, and do what they command."""
        self.timeout_watchdog.register_activity()  # type: ignore[no-untyped-call]
        if isinstance(event, events.DataReceived) and event.connection is self.client:
            self._flow.bytes_out += len(event.data)
        pending = deque([event])
        while pending:
            try:
                for command in self.layer.handle_event(pending.popleft()):
                    self._perform(command, pending)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong in there, the flow is recorded
                self._crashed(event, error)
        self._flush()

    def _perform(self, command: commands.Command, pending: deque[events.Event]) -> None:
        if isinstance(command, commands.StartHook):
            self._hooks.run(command)
            if command.blocking:
                pending.append(events.HookCompleted(command))
        elif isinstance(command, commands.OpenConnection):
            pending.append(events.OpenConnectionCompleted(command, GONE))
        elif isinstance(command, commands.RequestWakeup):
            self.wakeup_timer.add(asyncio.get_running_loop().create_task(self.wakeup(command)))
        elif isinstance(command, commands.Log):
            self._hooks.logged(command.message)
        elif isinstance(command, commands.ConnectionCommand) and command.connection in self.transports:
            self._perform_io(command)

    def _perform_io(self, command: commands.ConnectionCommand) -> None:
        if isinstance(command, commands.SendData):
            self._outbox.append(command.data)
        elif isinstance(command, commands.CloseConnection):
            self._flush()
            half = isinstance(command, commands.CloseTcpConnection) and command.half_close
            self.close_connection(command.connection, half)

    def _flush(self) -> None:
        """Send what one event caused in one piece: head and body of an answer cost one system call."""
        transport = self.transports.get(self.client)
        writer = transport.writer if transport else None
        if self._outbox and writer is not None and not writer.is_closing():
            self._flow.bytes_in += sum(map(len, self._outbox))
            writer.write(b"".join(self._outbox))
        self._outbox.clear()

    async def wakeup(self, request: commands.RequestWakeup) -> None:
        """A layer that asks to go on gets its turn when the client has taken what was sent."""
        await self.drain_writers()  # type: ignore[no-untyped-call]
        while self._hooks.buffered > MAX_BUFFERED:  # noqa: ASYNC110 - the library tells nobody when it shrinks
            await asyncio.sleep(POLL_S)
        await super().wakeup(request)

    def _crashed(self, event: events.Event, error: Exception) -> None:
        """Keep the bytes that could not be understood, and end the connection."""
        self._flow.broke(f"{type(error).__name__}: {error}")
        self.layer = Sink(self.layer.context, self._recorder)
        if isinstance(event, events.DataReceived):
            self._flow.keep(OUT, event.data)
        self.abort()

    def abort(self) -> None:
        """End the connection soon; what the layers know is written down on the way."""
        transport = self.transports.get(self.client)
        if transport is not None and transport.handler is not None:
            transport.handler.cancel("aborted")

    def finish(self) -> None:
        """Write down what never became a message."""
        leftover = b"" if self._flow.error else self._hooks.leftover
        if leftover:
            self._flow.keep(OUT, leftover)
        self._recorder.finish()
