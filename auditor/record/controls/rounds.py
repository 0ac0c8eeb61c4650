"""The two rounds of the positive control, each in the order in which things can happen.

Not the channels: what is sent, and how, is in the modules beside. Not the proof either.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from auditor.model.observation import ControlSent
from auditor.model.observation import GapNoted
from auditor.record.controls import channels
from auditor.record.controls.collecting import Collected
from auditor.record.controls.collecting import Report
from auditor.record.controls.collecting import release
from auditor.record.controls.reports import IMPOSSIBLE
from auditor.record.controls.reports import SENT
from auditor.record.output import Output

if TYPE_CHECKING:
    from auditor.evidence.journal import Journal
    from auditor.model.canary import Canary
    from auditor.sandbox.box import Box

ROLE: Final = "control"
_PROGRAM = Path(__file__).with_name("program.py")
_SEND_S = 5.0
_ANSWER_S = 5.0
_PROGRAM_S = 30.0
_JOIN_S = 90.0
_GONE_S = 2.0
_TICK_S = 0.0005

Plant = Callable[["Canary"], None]
"""Writes down that a value is in use."""


class Round:
    """What both rounds have in common: the values, the errand in the box, and what is written down."""

    def __init__(
        self, moment: str, box: Box, journal: Journal, plant: Plant, wanted: tuple[str, ...], *, ipv6: bool
    ) -> None:
        self.wanted = wanted
        self.collected = Collected()
        self._moment = moment
        self._box = box
        self._journal = journal
        self._values = channels.canaries(moment, wanted)
        self.task = channels.task(box.plan, self._values, ipv6=ipv6)
        for canary in self._values.values():
            plant(canary)

    def only(self, wanted: tuple[str, ...]) -> dict[str, object]:
        """The task for some of the channels."""
        return {**self.task, "tokens": {channel: self.task["tokens"][channel] for channel in wanted}}

    def converse(self, authority: bytes) -> None:
        """Carry on the conversations of the sockets that were handed over, one after the other.

        Args:
            authority: PEM of the authority of this run.
        """
        from auditor.record.controls import conversing  # noqa: PLC0415 - the app would wait for its imports

        trust = conversing.trust_in(authority)
        for channel, connection in self.collected.sockets.items():
            if channel not in channels.ANSWERED:
                continue
            value, host = self._values[channel].value, self.task["hosts"][channel]
            problem = conversing.converse(channel, connection, host, value, trust, authority, _ANSWER_S)
            if problem:
                self._gap(
                    f"Our own control {channels.MOMENTS[self._moment]} got no answer on {channel}: {problem}."
                )

    def write(self) -> None:
        """Write down what was sent, as far as it is known."""
        for channel in self.wanted:
            report = self.collected.of(channel)
            if report.outcome == IMPOSSIBLE:
                self._gap(
                    f"The box lets no program use the channel {channel} ({report.detail}), neither our own "
                    "control nor the app: that it would be seen was not proven.",
                    blinds=False,
                )
                continue
            self._journal.write(ROLE, self._sent(report))

    def _sent(self, report: Report) -> ControlSent:
        client_ip, client_port, server_ip, server_port = report.ends
        return ControlSent(
            channel=report.channel, token=self._values[report.channel].id, ok=report.outcome == SENT,
            detail=report.detail, round=self._moment, client_ip=client_ip, client_port=client_port,
            server_ip=server_ip, server_port=server_port,
        )  # fmt: skip

    def _gap(self, text: str, *, blinds: bool = True) -> None:
        self._journal.write(ROLE, GapNoted(observer=ROLE, text=text, blinds=blinds))

    def close(self) -> None:
        """Let go of the sockets; may be called twice."""
        self.collected.close()


class Before(Round):
    """Before the app: sent from the box without starting a program, answered while the app starts."""

    def __init__(
        self, box: Box, journal: Journal, plant: Plant, wanted: tuple[str, ...], *, ipv6: bool
    ) -> None:
        super().__init__(channels.BEFORE, box, journal, plant, wanted, ipv6=ipv6)
        self._line: socket.socket | None = None
        self._answers: threading.Thread | None = None

    def begin(self) -> None:
        """Let the box send; returns at once."""
        try:
            self._line = self._box.send(ROLE, self.task)
        except OSError as error:
            self._gap(f"Our own control before the app could not be started: {error}.")

    def settle(self, look_at_disk: Callable[[], None]) -> None:
        """Wait until all is sent, and until nothing of it is left in the box.

        Args:
            look_at_disk: Writes down what changed there; what the control wrote is removed afterwards.
        """
        if self._line is not None:
            with self._line:
                self.collected.read(self._line, self.wanted, _SEND_S)
                look_at_disk()
                release(self._line)
                self.collected.await_end(self._line, _GONE_S)
            self._await_nobody()
        self.write()

    def _await_nobody(self) -> None:
        """The app must meet no process of ours: what does not end by itself is ended."""
        until = time.monotonic() + _GONE_S
        try:
            while self._box.process_count() and time.monotonic() < until:
                time.sleep(_TICK_S)
            gone = self._box.stop_all(0.0)
        except OSError:  # the box is gone, and with it everything in it
            gone = True
        if not gone:
            self._gap("Our own control before the app did not end by itself.")

    def answer(self, ready: Callable[[], bool], authority: bytes) -> None:
        """Begin the conversations as soon as the proxy stands; returns at once.

        Args:
            ready: Waits for the proxy; False when it will not come.
            authority: PEM of the authority of this run.
        """

        def run() -> None:
            if ready():
                self.converse(authority)
            self.close()

        self._answers = threading.Thread(target=run, name="control", daemon=True)
        self._answers.start()

    def finish(self) -> None:
        """Wait for the last answer; may be called twice."""
        answers, self._answers = self._answers, None
        if answers is None:
            self.close()
            return
        answers.join(_JOIN_S)
        if answers.is_alive():
            self._gap("Our own control before the app did not come to its end.")


class After(Round):
    """After the app: a program started like the app, and what is spoken from outside of the box."""

    def __init__(
        self, box: Box, journal: Journal, plant: Plant, wanted: tuple[str, ...], *, ipv6: bool
    ) -> None:
        super().__init__(channels.AFTER, box, journal, plant, wanted, ipv6=ipv6)

    def run(self, authority: bytes) -> None:
        """Use every channel to its end.

        Args:
            authority: PEM of the authority of this run.
        """
        outside = tuple(channel for channel in self.wanted if channel in channels.OUTSIDE)
        try:
            self._start_program(tuple(channel for channel in self.wanted if channel not in outside))
            if outside:
                self._send(outside)
        except OSError as error:
            self._gap(f"Our own control after the app could not be started: {error}.")
        self.converse(authority)
        self.close()
        self.write()

    def _start_program(self, wanted: tuple[str, ...]) -> None:
        argv = [sys.executable, "-I", "-S", "-B", str(_PROGRAM), json.dumps(self.only(wanted))]
        program = self._box.spawn(argv, role=ROLE, terminal=False, cwd="/")
        output = Output(program.output, None, on_change=lambda: None)
        if not program.wait(_PROGRAM_S):
            program.kill()
        output.finish()
        program.close()
        for line in output.since(0).splitlines():
            self.collected.take(line)

    def _send(self, wanted: tuple[str, ...]) -> None:
        with self._box.send(ROLE, self.only(wanted)) as line:
            self.collected.read(line, wanted, _SEND_S)
            release(line)
            self.collected.await_end(line, _GONE_S)
