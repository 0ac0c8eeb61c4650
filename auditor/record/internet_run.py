"""Gives the internet in the box what it needs of the box, once the app runs, and waits for it.

Not the internet itself: that is `auditor.internet`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from auditor.internet.gateway_sockets import Endpoint
from auditor.internet.gateway_sockets import GatewaySockets
from auditor.internet.gateway_sockets import Identify
from auditor.internet.gateway_sockets import Identity
from auditor.model.observation import GapNoted

if TYPE_CHECKING:
    from auditor.capture.sockets import SocketFinder
    from auditor.evidence.bodies import BodyStore
    from auditor.evidence.journal import Journal
    from auditor.evidence.store import RunDirectory
    from auditor.internet.internet import Internet
    from auditor.internet.notary import Commission
    from auditor.internet.services.contract import Service
    from auditor.sandbox.box import Box
    from auditor.sandbox.plan import BoxPlan

_SOCKETS = ("tcp4", "tcp6", "udp4", "udp6")
_READY_S = 60.0


class InternetRun:
    """The internet of one recording. What goes wrong with it is a gap in the journal, no error."""

    def __init__(
        self,
        *,
        plan: BoxPlan,
        box: Box,
        directory: RunDirectory,
        journal: Journal,
        bodies: BodyStore,
        commission: Commission,
        finder: SocketFinder,
        mode: str,
        services: tuple[Service, ...],
    ) -> None:
        self._plan = plan
        self._box = box
        self._directory = directory
        self._journal = journal
        self._bodies = bodies
        self._commission = commission
        self._identify = _identify(finder)
        self._mode = mode
        self._services = services
        self._internet: Internet | None = None
        self._opening = threading.Thread(target=self._open, name="opening", daemon=True)

    def open(self) -> None:
        """Begin to answer; to be called once, when the app has been started.

        What this needs is imported only then, by a thread of its own: the app would wait for that. What
        it sends meanwhile waits in the kernel, in the queues of the gateway's sockets.
        """
        self._opening.start()

    def _open(self) -> None:
        try:
            internet = self._make()
        except Exception as error:  # noqa: BLE001 - whatever it was, the recording goes on and says so
            self._gap(f"The internet in the box could not be opened ({error}); nothing was answered.")
            return
        internet.start()
        self._internet = internet

    def _make(self) -> Internet:
        from auditor.internet.internet import Internet  # noqa: PLC0415 - see `open`

        sockets, network = self._box.sockets, self._plan.network
        addresses = (_ip(network.app_ipv4), _ip(network.app_ipv6))
        return Internet(
            self._journal,
            self._bodies,
            ca=self._commission.authority(),
            mode=self._mode,
            sockets=GatewaySockets(**{name: sockets[name] for name in _SOCKETS if name in sockets}),
            reply_socket=self._box.reply_socket,
            identify=self._identify,
            own_names={self._plan.identity.host_name: addresses},
            keylog=self._directory.tls_keys,
            resolvers=network.resolvers,
            extra_services=self._services,
        )

    def wait(self) -> None:
        """Wait until the proxy talks; note a blinding gap when it does not."""
        self._await_opening()
        try:
            if self._internet is not None and not self._internet.ready(_READY_S):
                self._gap(f"The proxy was not ready within {_READY_S:.0f} s.")
        except RuntimeError as error:
            self._gap(f"The proxy failed ({error.__cause__}); connections were not answered.")

    def stop(self, grace_s: float) -> None:
        """Let open flows end, for `grace_s` at most. May be called twice."""
        self._await_opening()
        if self._internet is None:
            return
        internet, self._internet = self._internet, None
        try:
            internet.stop(grace_s)
        except RuntimeError as error:
            self._gap(f"The internet in the box failed: {error.__cause__ or error}.")

    def _await_opening(self) -> None:
        if self._opening.ident is not None:
            self._opening.join(_READY_S)

    def _gap(self, text: str) -> None:
        self._journal.write("record", GapNoted(observer="record", text=text, blinds=True))


def _identify(finder: SocketFinder) -> Identify:
    def identify(transport: str, client: Endpoint, destination: Endpoint) -> Identity:
        found = finder.identify(transport, client, destination)
        return Identity(found.cookie, found.inode, finder.owner(found) or "")

    return identify


def _ip(interface: str) -> str:
    return interface.partition("/")[0]
