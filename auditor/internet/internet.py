"""The internet in the box: name server, gateway and proxy on a thread of their own.

Not the network: addresses, routes and sockets come from the sandbox.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING
from typing import NamedTuple

from auditor.internet import stun
from auditor.internet import timeserver
from auditor.internet.ca import make_ca
from auditor.internet.datagrams import DatagramGateway
from auditor.internet.flows import FlowBook
from auditor.internet.gateway import Gateway
from auditor.internet.gateway_sockets import original_destination
from auditor.internet.nameserver import PORT as DNS
from auditor.internet.nameserver import NameServer
from auditor.internet.resolver import Resolver
from auditor.internet.services import Table
from auditor.internet.timeserver import PORT as NTP

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.evidence.bodies import BodyStore
    from auditor.evidence.journal import Journal
    from auditor.internet.adapter.handler import Proxy
    from auditor.internet.adapter.terminator import Terminator
    from auditor.internet.ca import CertificateAuthority
    from auditor.internet.datagrams import UdpService
    from auditor.internet.flows import Flow
    from auditor.internet.gateway_sockets import Destination
    from auditor.internet.gateway_sockets import GatewaySockets
    from auditor.internet.gateway_sockets import Identify
    from auditor.internet.gateway_sockets import ReplySocket
    from auditor.internet.services.contract import Service

OFFLINE = "offline"
JOIN_S = 10.0
"""How long the thread may take to end beyond the grace for open flows."""


class Internet:
    """Everything a program in the box can reach. Nothing happens before `start`.

    Args:
        journal: Where observations go.
        bodies: Where contents go.
        ca: Signs the certificate of every host.
        mode: `sinkhole` or `offline` (names fail, and only the name server answers).
        sockets: What TPROXY delivers to; closed by `stop`.
        reply_socket: Makes the socket from which a datagram is answered.
        identify: Whose socket a connection comes from.
        own_names: The box's own names with their addresses.
        resolvers: Addresses of the name servers that the box was told to use.
        keylog: File for the secrets of TLS sessions.
        extra_services: Asked before the built-in ones.
        destination: Original destination of an accepted socket.
        mark: A word that the answers of cloud models carry.
        probe_verification: Show each process, once for each host that it connects to again, a certificate
            that it must refuse. Costs a client that does so this one connection.
    """

    def __init__(
        self,
        journal: Journal,
        bodies: BodyStore,
        *,
        ca: CertificateAuthority,
        mode: str,
        sockets: GatewaySockets,
        reply_socket: ReplySocket,
        identify: Identify,
        own_names: Mapping[str, tuple[str, ...]],
        keylog: Path,
        resolvers: tuple[str, ...],
        extra_services: tuple[Service, ...] = (),
        destination: Destination = original_destination,
        probe_verification: bool = False,
        mark: str = "",
    ) -> None:
        self._ca = ca
        self._offline = mode == OFFLINE
        self._sockets = sockets
        self._keylog = keylog
        self._extra = extra_services
        self._mark = mark
        self._probing = probe_verification
        self._book = FlowBook(journal, bodies, identify)
        self._resolver = Resolver(own_names, offline=self._offline)
        self._names = names = NameServer(journal, self._resolver)
        self._datagrams = DatagramGateway(
            self._book, sockets.udp, reply_socket, _udp_services(names, self._offline), resolvers
        )
        self._gateway = Gateway(self._book, sockets.tcp, destination, {DNS: names.serve}, self._proxied)
        self._loop = asyncio.new_event_loop()
        self._proxy: asyncio.Future[Proxy] = self._loop.create_future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="internet", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._grace_s = 0.0

    def start(self) -> None:
        """Spawn the thread and return; connections made before it is ready wait."""
        self._thread.start()

    def ready(self, timeout_s: float) -> bool:
        """Wait until the proxy can talk; False when it cannot yet.

        Raises:
            RuntimeError: the thread died; the cause is attached.
        """
        done = self._ready.wait(timeout_s)
        if self._failure is not None:
            raise RuntimeError("the internet in the box failed") from self._failure
        return done

    def name_of(self, ip: str) -> str:
        """The name that was answered with this address, empty when none was."""
        return self._resolver.name_of(ip)

    def stop(self, grace_s: float) -> None:
        """End all flows, giving those still open `grace_s` to end by themselves, and join the thread.

        Raises:
            RuntimeError: the thread died, or does not end; the cause is attached.
        """
        if self._thread.ident is None:
            self._loop.close()
            return
        self._grace_s = grace_s
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(grace_s + JOIN_S)
        self.ready(0)
        if self._thread.is_alive():
            raise RuntimeError("the internet in the box does not end")

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._main())
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._failure = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._datagrams.start()
        terminator = None
        try:
            if not self._offline:
                self._gateway.start()
                terminator = await self._load()
            self._ready.set()
            await self._stop.wait()
        finally:
            await self._end(terminator)

    async def _load(self) -> Terminator:
        """Import the proxy (most of a second) beside the loop, which answers look-ups meanwhile."""
        modules = await asyncio.to_thread(_import_proxy)
        terminator = modules.terminator(self._ca, self._keylog, make_ca() if self._probing else None)
        proxy = modules.proxy(terminator, Table(self._extra, self._mark), self._resolver.name_of, self._names)
        self._proxy.set_result(proxy)
        self._datagrams.open_sessions(proxy.quic)
        return terminator

    async def _proxied(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow) -> None:
        # Shielded: one connection that ends early must not take the proxy from all others.
        proxy = await asyncio.shield(self._proxy)
        await proxy.serve(reader, writer, flow)

    async def _end(self, terminator: Terminator | None) -> None:
        await self._gateway.stop(self._grace_s)
        self._datagrams.stop()
        self._book.close()
        if terminator is not None:
            terminator.close()
        for each in (*self._sockets.tcp, *self._sockets.udp):
            each.close()


def _udp_services(names: NameServer, offline: bool) -> dict[int | str, UdpService]:  # noqa: FBT001 - one caller
    answered: dict[int | str, UdpService] = {DNS: names.datagram}
    return answered if offline else answered | {NTP: timeserver.answer, "stun": stun.answer}


class _Modules(NamedTuple):
    proxy: type[Proxy]
    terminator: type[Terminator]


def _import_proxy() -> _Modules:
    from auditor.internet.adapter.handler import Proxy  # noqa: PLC0415 - see `_load`
    from auditor.internet.adapter.terminator import Terminator  # noqa: PLC0415

    return _Modules(Proxy, Terminator)
