"""Our own programs around the app, in their order: controls before it, controls and reference after it.

Not what they do: that is `auditor.record.controls` and `auditor.reference`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import RecordingFailed
from auditor.model.run import PhaseName
from auditor.record.controls import channels
from auditor.record.controls.rounds import ROLE
from auditor.record.controls.rounds import After
from auditor.record.controls.rounds import Before

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.evidence.journal import Journal
    from auditor.model.prompt import Prompt
    from auditor.record.controls.rounds import Plant
    from auditor.record.disk import Disk
    from auditor.record.observers import Observers


class Proving:
    """Its methods are called in the order in which they stand."""

    def __init__(
        self, observers: Observers, journal: Journal, disk: Disk, plant: Plant, *, offline: bool
    ) -> None:
        """The box must stand already."""
        self._observers = observers
        self._journal = journal
        self._disk = disk
        self._plant = plant
        self._ipv6 = "tcp6" in observers.box.sockets
        self._channels = channels.names(ipv6=self._ipv6, offline=offline)
        self._before: Before | None = None

    def begin(self) -> None:
        """Start the first round; returns while it is under way."""
        self._journal.begin_phase(PhaseName.CONTROL)
        self._observers.role(ROLE)
        self._before = Before(
            self._observers.box, self._journal, self._plant, self._channels, ipv6=self._ipv6
        )
        self._before.begin()

    def clear_the_stage(self) -> None:
        """Wait until the first round has sent everything and left the box: the app's turn comes now.

        Raises:
            RecordingFailed: nobody watches system calls any more, so that the app could not make any.
        """
        if self._before is not None:
            self._before.settle(lambda: self._disk.write_changes(ROLE))
        self._observers.role("app")
        if not self._observers.watching:
            raise RecordingFailed(
                "The observer of system calls died before the app was started.", fix="Run `audit doctor`."
            )

    def answer(self) -> None:
        """The app was started: carry on what waits for the proxy."""
        if self._before is not None:
            self._before.answer(self._observers.internet_ready, self._observers.authority_pem)

    def await_answers(self) -> None:
        """Wait for the end of the first round."""
        if self._before is not None:
            self._before.finish()

    def repeat(self) -> None:
        """The second round, when the last process of the app is gone."""
        self._journal.begin_phase(PhaseName.CONTROL)
        self._observers.role(ROLE)
        self._observers.await_internet()
        after = After(self._observers.box, self._journal, self._plant, self._channels, ipv6=self._ipv6)
        after.run(self._observers.authority_pem)
        self._disk.write_changes(ROLE)

    def refer(self, model: Path, prompts: tuple[Prompt, ...]) -> None:
        """The reference, with this model."""
        from auditor.record.reference_run import run_reference  # noqa: PLC0415 - the app need not wait for it

        self._journal.begin_phase(PhaseName.REFERENCE)
        self._observers.role("reference")
        run_reference(self._observers.box, self._journal, model, prompts)
        self._disk.write_changes("reference")
