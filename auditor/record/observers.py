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
from auditor.internet.ca import SUBJECT
from auditor.internet.notary import Commission
from auditor.kernel import seccomp
from auditor.kernel.sockdiag import SockDiag
from auditor.model.observation import Entry
from auditor.model.observation import GapNoted
from auditor.model.observation import ListenerSeen
from auditor.record.internet_run import InternetRun
from auditor.sandbox.box import Box
from auditor.sandbox.plan import BoxPlan
from auditor.sandbox.prepare import write_files

if TYPE_CHECKING:
    from auditor.internet.services.contract import Service

_LOOPBACK_RING_MIB = 16
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
        commission: Commission,
        services: tuple[Service, ...],
    ) -> None:
        self._plan = plan
        self._directory = directory
        self._journal = journal
        self._bodies = bodies
        self._mode = mode
        self._commission = commission
        self._services = services
        self._box: Box | None = None
        self._watcher: SocketWatcher | None = None
        self._packets: PacketCapture | None = None
        self._internet: InternetRun | None = None
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
        watcher, packets = self._fork()
        notes = write_files(self._plan, self._commission.certificate_pem, SUBJECT)
        self._start_thread(watcher.pump)
        self.box.furnish()
        packets.await_rings()
        self._start_thread(packets.pump)
        self._internet = self._make_internet(self._make_finder(watcher))
        return self._plan.notes + notes + self.box.notes

    def open_internet(self) -> None:
        """Let the internet in the box answer; to be called when the app has been started."""
        if self._internet is not None:
            self._internet.open()

    def _fork(self) -> tuple[SocketWatcher, PacketCapture]:
        """Everything that must happen while this process has one thread."""
        self._watcher = watcher = SocketWatcher.fork(layer.mount for layer in self._plan.layers)
        code, intake = seccomp.program(), watcher.intake.fileno()
        self._box = box = Box.build(
            self._plan,
            hand_over=lambda role: seccomp.install_and_hand_over(code, intake, role),
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
        return watcher, self._packets

    def _make_finder(self, watcher: SocketWatcher) -> SocketFinder:
        diag, init = SockDiag(self.box.sockets["diag"]), self.box.init_pid
        finder = SocketFinder(diag, watcher.use_of, InodeOwners(lambda: descendants(init)))
        self._poller = ListenerPoller(diag, finder, watcher.use_of)
        self._journal.subscribe(self._poller.notice)
        self._start_thread(self._poller.run)
        return finder

    def _make_internet(self, finder: SocketFinder) -> InternetRun:
        return InternetRun(
            plan=self._plan,
            box=self.box,
            directory=self._directory,
            journal=self._journal,
            bodies=self._bodies,
            commission=self._commission,
            finder=finder,
            mode=self._mode,
            services=self._services,
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

    def await_internet(self) -> None:
        """Wait until the proxy talks; note a blinding gap when it does not."""
        if self._internet is not None:
            self._internet.wait()

    def role(self, role: str) -> None:
        """Tell whose turn it is, for listeners of which nothing else is known."""
        if self._poller is not None:
            self._poller.role = role

    def stop(self, grace_s: float) -> None:
        """Let every observer write what it still holds, then end it."""
        if self._poller is not None:
            self._poller.stop()
        if self._internet is not None:
            self._internet.stop(grace_s)
        for observer in (self._packets, self._watcher):
            if observer is not None:
                observer.stop()
        for thread in self._threads:
            thread.join(_PUMPED_S)
            if thread.is_alive():
                self._gap("An observer did not end; its last observations are missing.")
        self._threads.clear()

    def _gap(self, text: str) -> None:
        self._journal.write("record", GapNoted(observer="record", text=text, blinds=True))

    def close(self) -> None:
        """Take everything down at once; what was not written yet is lost. May be called twice."""
        if self._box is not None:
            self._box.close()
        with contextlib.suppress(OSError):
            self.stop(0)
