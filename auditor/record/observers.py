"""The box with every observer attached, started in the order that forks and threads demand.

Not the use of it: the driver's turn comes when all of them stand.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor.capture.listeners import ListenerPoller
from auditor.capture.packets import PacketCapture
from auditor.capture.packets import Tap
from auditor.capture.sockets import InodeOwners
from auditor.capture.sockets import SocketFinder
from auditor.capture.sockets import descendants
from auditor.capture.watcher import SocketWatcher
from auditor.errors import BoxUnavailable
from auditor.evidence.bodies import BodyStore
from auditor.evidence.journal import Journal
from auditor.evidence.store import RunDirectory
from auditor.internet.ca import CertificateAuthority
from auditor.internet.ca import make_ca
from auditor.internet.gateway_sockets import Endpoint
from auditor.internet.gateway_sockets import GatewaySockets
from auditor.internet.gateway_sockets import Identity
from auditor.kernel import seccomp
from auditor.kernel.sockdiag import SockDiag
from auditor.model.observation import Entry
from auditor.model.observation import GapNoted
from auditor.model.observation import ListenerSeen
from auditor.record.controls.sending import errand
from auditor.sandbox.box import Box
from auditor.sandbox.browsers import Database
from auditor.sandbox.plan import BoxPlan
from auditor.sandbox.prepare import write_files

if TYPE_CHECKING:
    from auditor.internet.internet import Internet
    from auditor.internet.services.contract import Service

_GATEWAY = ("tcp4", "tcp6", "udp4", "udp6")
_LOOPBACK_RING_MIB = 16
_RINGS_MIB = 80
"""Both rings together."""
_INTERNET_S = 60.0
_PUMPED_S = 10.0


class Observers:
    """One box, its internet, and those who watch."""

    def __init__(
        self,
        plan: BoxPlan,
        directory: RunDirectory,
        journal: Journal,
        bodies: BodyStore,
        mode: str,
        services: tuple[Service, ...],
        *,
        probe_tls: bool = False,
        mark: str = "",
    ) -> None:
        self._plan = plan
        self._directory = directory
        self._journal = journal
        self._bodies = bodies
        self._mode = mode
        self._services = services
        self._probe_tls = probe_tls
        self._mark = mark
        self._authority: CertificateAuthority | None = None
        self._box: Box | None = None
        self._database: Database | None = None
        self._watcher: SocketWatcher | None = None
        self._packets: PacketCapture | None = None
        self._finder: SocketFinder | None = None
        self._internet: Internet | None = None
        self._poller: ListenerPoller | None = None
        self._threads: list[threading.Thread] = []
        self._listening: list[tuple[str, int]] = []
        journal.subscribe(self._note_listener)

    @property
    def box(self) -> Box:
        """The box.

        Raises:
            BoxUnavailable: it has not been built.
        """
        if self._box is None:
            raise BoxUnavailable("The box does not stand.", fix="Build it first.")
        return self._box

    def build(self) -> tuple[str, ...]:
        """Build the box and start all observers; returns why the assurance is reduced, if it is.

        Raises:
            BoxUnavailable: with the fix.
        """
        authority, watcher, packets = self._fork()
        notes = write_files(self._plan, authority.certificate_pem, authority.subject, self._database)
        self._start_thread(watcher.pump)
        self.box.furnish()
        try:
            packets.await_rings()
        except OSError as error:
            raise BoxUnavailable(
                "The packet capture could not set up its ring.",
                fix=f"It needs {_RINGS_MIB} MiB of memory that the kernel can lock; see `audit doctor`.",
            ) from error
        self._start_thread(packets.pump)
        self._finder = self._make_finder(watcher)
        return self._plan.notes + notes + self.box.notes

    def open_internet(self) -> None:
        """Let the internet in the box answer; to be called when the app has been started.

        What it needs is imported only now: the app would wait for that. Until it stands, what the app
        sends waits in the kernel, in the queues of the gateway's sockets.
        """
        if self._finder is None or self._internet is not None:
            return
        self._internet = self._make_internet(self._make_authority(), self._finder)
        self._internet.start()

    def _fork(self) -> tuple[CertificateAuthority, SocketWatcher, PacketCapture]:
        """Everything that must happen while this process has one thread."""
        self._watcher = watcher = SocketWatcher.fork(layer.mount for layer in self._plan.layers)
        code, intake = seccomp.program(), watcher.intake.fileno()
        self._box = box = Box.build(
            self._plan,
            hand_over=lambda role: seccomp.install_and_hand_over(code, intake, role),
            meanwhile=self._meanwhile,
            errand=errand,
        )
        watcher.intake.close()
        taps = (
            Tap(name="eth0", packet_socket=box.sockets["packets_gateway"]),
            Tap(
                name="lo",
                packet_socket=box.sockets["packets_loopback"],
                blocks=_LOOPBACK_RING_MIB,
                loopback=True,
            ),
        )
        self._packets = PacketCapture.fork(self._directory.packets, taps)
        return self._make_authority(), watcher, self._packets

    def _meanwhile(self) -> None:
        """What takes its time and needs no box."""
        if self._plan.browser_trust:
            self._database = database = Database(self._plan.scratch)
            try:
                database.begin()
                database.trust(self._make_authority().certificate_pem)
            except OSError:  # no place for it, or no certutil any more: the next try says why
                self._database = None
        self._make_authority()

    def _make_authority(self) -> CertificateAuthority:
        self._authority = self._authority or make_ca()
        return self._authority

    def _make_finder(self, watcher: SocketWatcher) -> SocketFinder:
        diag, init = SockDiag(self.box.sockets["diag"]), self.box.init_pid
        finder = SocketFinder(diag, watcher.use_of, InodeOwners(lambda: descendants(init)))
        self._poller = ListenerPoller(diag, finder, watcher.use_of)
        self._journal.subscribe(self._poller.notice)
        self._start_thread(self._poller.run)
        return finder

    def _make_internet(self, authority: CertificateAuthority, finder: SocketFinder) -> Internet:
        from auditor.internet.internet import Internet  # noqa: PLC0415 - see `open_internet`

        sockets, name = self.box.sockets, self._plan.identity.host_name
        return Internet(
            self._journal,
            self._bodies,
            ca=authority,
            mode=self._mode,
            sockets=GatewaySockets(**{key: sockets[key] for key in _GATEWAY if key in sockets}),
            reply_socket=self.box.reply_socket,
            identify=_identify(finder),
            own_names={name: (_ip(self._plan.network.app_ipv4), _ip(self._plan.network.app_ipv6))},
            keylog=self._directory.tls_keys,
            resolvers=self._plan.network.resolvers,
            extra_services=self._services,
            probe_verification=self._probe_tls,
            mark=self._mark,
        )

    def _start_thread(self, pump: Callable[[Journal], None]) -> None:
        thread = threading.Thread(target=pump, args=(self._journal,), daemon=True)
        thread.start()
        self._threads.append(thread)

    def _note_listener(self, entry: Entry) -> None:
        if isinstance(entry.what, ListenerSeen) and (entry.what.transport, entry.what.role) == ("tcp", "app"):
            self._listening.append((entry.what.address, entry.what.port))

    def app_listeners(self) -> tuple[tuple[str, int], ...]:
        """(address, port) of every TCP port that the app has listened on."""
        return tuple(self._listening)

    @property
    def watching(self) -> bool:
        """Whether system calls are still answered."""
        return self._watcher is not None and self._watcher.alive

    @property
    def authority_pem(self) -> bytes:
        """Certificate of this run's authority."""
        return self._make_authority().certificate_pem

    def internet_ready(self) -> bool:
        """Wait until the proxy talks; False when it does not, or failed."""
        try:
            return self._internet is not None and self._internet.ready(_INTERNET_S)
        except RuntimeError:
            return False

    def await_internet(self) -> None:
        """As `internet_ready`, with a blinding gap when it does not."""
        try:
            ready = self._internet is not None and self._internet.ready(_INTERNET_S)
        except RuntimeError as error:
            self._gap(f"The proxy failed ({error.__cause__}); connections were not answered.")
            return
        if not ready:
            self._gap(f"The proxy was not ready within {_INTERNET_S:.0f} s.")

    def role(self, role: str) -> None:
        """Tell whose turn it is, for listeners of which nothing else is known."""
        if self._poller is not None:
            self._poller.role = role

    def stop(self, grace_s: float) -> None:
        """Let every observer write what it still holds, then end it."""
        if self._poller is not None:
            self._poller.stop()
        self._stop_internet(grace_s)
        for observer in (self._packets, self._watcher):
            if observer is not None:
                observer.stop()
        for thread in self._threads:
            thread.join(_PUMPED_S)
            if thread.is_alive():
                self._gap("An observer did not end; its last observations are missing.")
        self._threads.clear()

    def _stop_internet(self, grace_s: float) -> None:
        if self._internet is None:
            return
        internet, self._internet = self._internet, None
        try:
            internet.stop(grace_s)
        except RuntimeError as error:
            self._gap(f"The internet in the box failed: {error.__cause__ or error}.")

    def _gap(self, text: str) -> None:
        self._journal.write("record", GapNoted(observer="record", text=text, blinds=True))

    def close(self) -> None:
        """Take everything down at once; what was not written yet is lost. May be called twice."""
        if self._box is not None:
            self._box.close()
        with contextlib.suppress(OSError):
            self.stop(0)


def _identify(finder: SocketFinder) -> Callable[[str, Endpoint, Endpoint], Identity]:
    def identify(transport: str, client: Endpoint, destination: Endpoint) -> Identity:
        found = finder.identify(transport, client, destination)
        process, role = finder.user(found)
        key = process or ""
        ours = role not in ("", "app")
        return Identity(found.cookie, found.inode, owner="" if role else key, app="" if ours else key)

    return identify


def _ip(interface: str) -> str:
    return interface.partition("/")[0]
