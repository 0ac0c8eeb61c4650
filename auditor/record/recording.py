"""One recording from the first fork to the sealed run directory.

The one place that knows the box, the internet in it, the observers, the drivers and the reference;
it joins them and decides the order, nothing else.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import time
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from auditor import interrupts
from auditor.drivers import driver
from auditor.drivers.prompts import write_script
from auditor.errors import BoxUnavailable
from auditor.errors import Interrupted
from auditor.errors import RecordingFailed
from auditor.evidence import store
from auditor.evidence.bodies import BodyStore
from auditor.evidence.journal import Journal
from auditor.evidence.store import RunDirectory
from auditor.model.canary import Canary
from auditor.model.markers import make_marker
from auditor.model.observation import GapNoted
from auditor.model.observation import RunEnded
from auditor.model.run import Mode
from auditor.model.run import PhaseName
from auditor.record import particulars
from auditor.record.disk import Disk
from auditor.record.disk import check_disk
from auditor.record.guard import Guard
from auditor.record.observers import Observers
from auditor.record.planting import cloud_canaries
from auditor.record.planting import document_canaries
from auditor.record.planting import honey_canaries
from auditor.record.planting import identity_canaries
from auditor.record.planting import prompt_canaries
from auditor.record.progress import Progress
from auditor.record.proving import Proving
from auditor.record.settings import Settings
from auditor.record.settings import runs_folder
from auditor.record.stage import AppStage
from auditor.reference import model_file
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box

if TYPE_CHECKING:
    from auditor.internet.services.contract import Service

_STOP_GRACE_S = 3.0
_FLOW_GRACE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording that came to an end."""

    directory: RunDirectory
    exit_code: int = 0
    """128+n when signal n ended it early."""


def record(settings: Settings, services: tuple[Service, ...] = ()) -> Recorded:
    """Record one run.

    Args:
        settings: What to record, and how.
        services: Stand-in services of the caller's own, asked before the built-in ones.

    Raises:
        AuditError: it could not be begun or finished; what was seen is in the run directory, unsealed.
        KeyboardInterrupt: Ctrl-C before the app was started, or for the second time.
        Interrupted: another signal, in the same way.
    """
    model = model_file.model_path(settings.reference_model) if settings.reference else None
    directory = store.create(settings.out)
    recording = Recording(settings, directory, model, services)
    try:
        with interrupts.held():
            recording.prepare()
        recording.use()
        recording.finish()
    except (KeyboardInterrupt, Interrupted):
        recording.say_unfinished()
        raise
    finally:
        recording.close()
    return Recorded(directory=directory, exit_code=recording.exit_code)


class Recording:
    """The state of one recording; its public methods are called in the order in which they stand."""

    def __init__(
        self,
        settings: Settings,
        directory: RunDirectory,
        model: Path | None,
        services: tuple[Service, ...],
    ) -> None:
        """Plan it; nothing runs yet. Without a `model` there is no reference run."""
        self.exit_code = 0
        self._model = model
        self._settings = settings
        self._directory = directory
        self._progress = Progress()
        self._journal = Journal(directory.events)
        self._journal.subscribe(self._progress.see)
        self._bodies = BodyStore(directory.bodies)
        self._log = directory.app_log.open("xb", buffering=0)
        rng = Random(secrets.randbits(64))  # noqa: S311 - markers are no secrets
        script = write_script(
            rng, command=settings.command, texts=settings.prompts, ask_document=settings.document,
            argv=settings.driver == "argv",
        )  # fmt: skip
        self._script = replace(script, prompts=()) if settings.silent else script
        self._mark = make_marker(rng)
        hidden = (directory.root, runs_folder(), *settings.hidden)
        self._plan = plan_box(
            Wishes(
                command=settings.command,
                scratch=scratch_directory(),
                writable=settings.writable,
                hidden=hidden,
                gpu=settings.gpu,
                honey=settings.honey,
                offline=settings.mode is Mode.OFFLINE,
            )
        )
        self._observers = Observers(
            self._plan,
            directory,
            self._journal,
            self._bodies,
            settings.mode,
            services,
            mark=self._mark,
            probe_tls=settings.probe_tls,
        )
        self._disk = Disk(self._plan, directory, self._journal)
        self._guard: Guard | None = None
        self._stage: AppStage | None = None
        self._proving: Proving | None = None
        self._began = time.time()

    def prepare(self) -> None:
        """Build the box and start every observer.

        Raises:
            BoxUnavailable: with the fix.
        """
        try:
            notes = self._observers.build()
        except BoxUnavailable as error:
            self._open((error.what,))
            raise
        self._open(notes)
        self._disk.take_stock()
        for canary in self._canaries():
            self._plant(canary)
        offline = self._settings.mode is Mode.OFFLINE
        self._proving = Proving(self._observers, self._journal, self._disk, self._plant, offline=offline)
        self._proving.begin()
        places = (self._plan.scratch.parent, self._directory.root)
        self._guard = Guard(self._observers.box, self._journal, places)
        self._stage = AppStage(
            settings=self._settings,
            box=self._observers.box,
            journal=self._journal,
            prompts=self._script.prompts,
            document=self._script.document,
            log=self._log,
            listeners=self._observers.app_listeners,
            say=self._progress.note,
            on_start=self._app_started,
        )
        self._proving.clear_the_stage()

    def _app_started(self) -> None:
        if self._guard is not None:
            self._guard.start()
        self._observers.open_internet()
        if self._proving is not None:
            self._proving.answer()

    def _open(self, reduced_by: tuple[str, ...]) -> None:
        what = particulars.opened(
            self._directory.root.name, self._began, self._settings, self._plan, reduced_by
        )
        self._journal.write("record", what)

    def _canaries(self) -> tuple[Canary, ...]:
        home = self._plan.environment["HOME"]
        plan = self._plan
        planted = prompt_canaries(self._script.prompts) + document_canaries(self._script.document)
        planted += cloud_canaries(self._mark) + identity_canaries(plan.identity, home)
        return planted + honey_canaries(plan.honey_files, plan.honey_variables)

    def _plant(self, canary: Canary) -> None:
        self._journal.write("record", particulars.planted(canary))

    def use(self) -> None:
        """Let the driver use the app; one signal ends the use early, but not the recording."""
        stage = self._standing()
        try:
            driver(self._settings.driver)(stage)
        except (KeyboardInterrupt, Interrupted) as error:
            number = error.number if isinstance(error, Interrupted) else int(signal.SIGINT)
            self.exit_code = 128 + number
            stage.say("Interrupted: ending the recording. Press Ctrl-C again to leave it unfinished.")
            text = f"The recording was ended early by {signal.Signals(number).name}."
            self._journal.write("record", GapNoted(observer="record", text=text, blinds=True))

    def finish(self) -> None:
        """Stop the app, list what it changed, prove that the observers saw, run the reference, seal.

        Raises:
            RecordingFailed: the disk is full; the run stays unsealed.
        """
        stage, box = self._standing(), self._observers.box
        # Before we stop it: our own signal says nothing about the app.
        status = stage.status()
        stage.begin(PhaseName.STOP)
        box.stop_all(_STOP_GRACE_S)
        status = self._end_guard() or status
        self._disk.write_changes("app", ignore=stage.planted)
        self._prove()
        self._observers.stop(_FLOW_GRACE_S)
        error = stage.close() or self._bodies.failed
        self._journal.write("record", RunEnded(app_status=status))
        check_disk(self._directory.root, self._journal.failed or error)
        self._seal(status)

    def _end_guard(self) -> str:
        """How the app ended when it was stopped for the machine's sake, else nothing."""
        if self._guard is None:
            return ""
        self._guard.stop()
        return f"stopped because {self._guard.stopped}" if self._guard.stopped else ""

    def _prove(self) -> None:
        """Our own programs, in the same box, after the app is gone."""
        proving = self._proving
        if proving is None:
            return
        proving.await_answers()
        if not self.exit_code:
            proving.repeat()
            if self._model is not None:
                proving.refer(self._model, self._script.short)

    def _seal(self, status: str) -> None:
        facts = particulars.manifest(
            self._directory.root.name, self._began, self._settings, self._plan, status
        )
        try:
            self._journal.close()
            self._log.close()
            store.seal(self._directory, facts)
        except OSError as error:
            check_disk(self._directory.root, error)

    def say_unfinished(self) -> None:
        """Tell where what was seen until now can be read."""
        self._progress.note(f"The run is unsealed; `audit judge {self._directory.root}` reads what was seen.")

    def close(self) -> None:
        """Take everything down, whatever happened before."""
        self._end_guard()
        with contextlib.suppress(OSError):
            if self._stage is not None:
                self._stage.close()
        self._observers.close()
        self._journal.close()
        self._log.close()
        self._progress.close()

    def _standing(self) -> AppStage:
        if self._stage is None:
            raise RecordingFailed("The box does not stand.", fix="Call prepare() first.")
        return self._stage
