"""The gateway's TCP side: accepts every connection, to whatever address it was made.

Not a protocol: an accepted connection is handed to the service of its port, or to the proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import socket
from collections.abc import Awaitable
from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor.internet.gateway_sockets import endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from auditor.internet.flows import Flow
    from auditor.internet.flows import FlowBook
    from auditor.internet.gateway_sockets import Destination

MAX_CONNECTIONS = 4096
BATCH = 64
"""Connections taken from the backlog before other work gets its turn."""
RETRY_S = 0.05
"""Wait when the process is out of descriptors or memory."""
SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, "Flow"], Awaitable[None]]
"""Talks on one accepted connection until it ends; may raise OSError."""


class Gateway:
    """Accept loops over the listening sockets."""

    def __init__(
        self,
        book: FlowBook,
        listeners: Sequence[socket.socket],
        destination: Destination,
        services: Mapping[int, Serve],
        otherwise: Serve,
    ) -> None:
        """`services` by port of the destination; `otherwise` serves the rest."""
        self._book = book
        self._listeners = listeners
        self._destination = destination
        self._services = services
        self._otherwise = otherwise
        self._tasks: set[asyncio.Task[None]] = set()
        self._limit = max(16, min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))
        self._open = False

    def start(self) -> None:
        """Begin to accept."""
        self._open = True
        for listener in self._listeners:
            listener.settimeout(0)
        self._watch()

    def _watch(self) -> None:
        if self._open:
            for listener in self._listeners:
                asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _ignore(self) -> None:
        for listener in self._listeners:
            asyncio.get_running_loop().remove_reader(listener)

    def _accept(self, listener: socket.socket) -> bool:
        """Take what waits in the backlog; each connection is identified before anything else happens.

        Returns:
            Whether more may be waiting.
        """
        for _ in range(BATCH):
            if len(self._tasks) >= self._limit:
                self._ignore()
                break
            try:
                accepted, address = listener.accept()
            except BlockingIOError:
                return False
            except OSError as error:
                self._pause(error)
                return False
            self._open_flow(accepted, address)
        return True

    def _pause(self, error: OSError) -> None:
        if error.errno in SCARCE:
            self._ignore()
            asyncio.get_running_loop().call_later(RETRY_S, self._watch)

    def _open_flow(self, accepted: socket.socket, address: tuple[str, int]) -> None:
        flow = self._book.open("tcp", endpoint(address), self._destination(accepted))
        # A socket made without naming the protocol is not recognised as TCP by asyncio, which
        # then leaves Nagle's algorithm on: eight times slower for small requests.
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.get_running_loop().create_task(self._serve(accepted, flow))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        was_full = len(self._tasks) >= self._limit
        self._tasks.discard(task)
        if was_full:
            self._watch()

    async def _serve(self, accepted: socket.socket, flow: Flow) -> None:
        serve = self._services.get(flow.destination.port, self._otherwise)
        writer = None
        try:
            reader, writer = await _streams(accepted)
            await serve(reader, writer, flow)
        except OSError as error:
            flow.error = flow.error or str(error) or type(error).__name__
        except asyncio.CancelledError:
            flow.error = flow.error or "still open when the recording ended"
        except Exception as error:  # noqa: BLE001 - a bug of ours must not lose the flow
            flow.broke(f"{type(error).__name__}: {error}")
        finally:
            _shut(accepted, writer)
            flow.close()

    async def stop(self, grace_s: float) -> None:
        """Take the last connections from the backlog, wait for all to end, then end them."""
        if not self._open:
            return
        self._open = False
        self._ignore()
        for listener in self._listeners:
            while self._accept(listener):
                full = len(self._tasks) >= self._limit
                await (self._end_all(grace_s) if full else asyncio.sleep(0))
        await self._end_all(grace_s)

    async def _end_all(self, grace_s: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _streams(accepted: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _shut(accepted: socket.socket, writer: asyncio.StreamWriter | None) -> None:
    with contextlib.suppress(OSError):
        if writer is None:
            accepted.close()
        else:
            writer.close()
