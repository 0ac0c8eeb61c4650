"""What a driver may do to the app: the one interface between drivers and the recording.

Not the doing: `auditor.record` implements `Stage` over the box, and tests do over plain processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol

from auditor.model.run import PhaseName

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from auditor.model.prompt import Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a driver waits, in seconds, and for what."""

    start: float = 5.0
    """Until an app that does nothing visible counts as started."""
    ready: float = 60.0
    """Until an app must have opened the door that its prompts go through."""
    idle: float = 5.0
    """In which the app is left alone (`--idle`)."""
    answer: float = 180.0
    """For one answer."""
    settle: float = 15.0
    """After the last step, for what is sent late (`--settle`): batches go out after 5 to 10 s."""
    patience: float = 5.0
    """Until a program that still reads its input is taken to wait for the end of it."""
    quiet: float = 0.4
    """Without output, until an app that reads its input again has finished an answer."""
    silence: float = 10.0
    """The same for an app of which it cannot be seen whether it reads."""


class Stage(Protocol):
    """An app on the stage. Every wait lets KeyboardInterrupt through."""

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """What to say, at least one unless the driver is `none`."""

    @property
    def pace(self) -> Pace:
        """How long to wait for what."""

    @property
    def url(self) -> str:
        """`--url`: where the app's API lies inside the box; empty when it is to be found."""

    @property
    def api_key(self) -> str:
        """Key for the app's API, empty for none."""

    @property
    def published(self) -> tuple[tuple[int, int], ...]:
        """`--publish PORT[:HOSTPORT]`, as (port in the box, port on the host; 0 for any free one)."""

    @property
    def prompt_in_command(self) -> bool:
        """Whether the command holds `{prompt}` or `{prompt_file}`."""

    def remaining(self) -> float:
        """Seconds until the whole recording must end (`--timeout`)."""

    def begin(self, phase: PhaseName) -> None:
        """Let a phase begin; the one before ends."""

    def start_app(self, *, argv_prompt: Prompt | None = None, stdin: bool = False) -> None:
        """Start the command, once.

        Args:
            argv_prompt: Replaces `{prompt}` and `{prompt_file}`.
            stdin: Whether its standard input can be written to; it is empty otherwise. A terminal on
                that side must not echo, or the app seems to answer with the prompt itself.

        Raises:
            AuditError: it cannot be started.
        """

    def app_running(self) -> bool:
        """Whether the process that was started still runs."""

    def box_alive(self) -> bool:
        """Whether any process of the app is left, daemons included."""

    def stdin_wanted(self) -> bool:
        """Whether a process of the app sleeps in a system call that reads the written-to input."""

    def wait(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Let time pass; returns True as soon as `until()` is true, False when the time is over.

        Never waits longer than `remaining()`.
        """

    def output(self, since: int = 0) -> bytes:
        """What the app wrote to stdout and stderr, from byte `since` on."""

    def write_stdin(self, data: bytes) -> None:
        """Write to the app's standard input.

        Raises:
            OSError: nobody reads it any more.
        """

    def close_stdin(self) -> None:
        """End the app's standard input; no error when it has ended already."""

    def listeners(self) -> tuple[tuple[str, int], ...]:
        """(address, TCP port) that processes of the app listen on now."""

    def connect(self, port: int) -> socket.socket:
        """Connect to a port of the app on the box's loopback.

        Raises:
            OSError: refused.
        """

    def publish(self, port: int, host_port: int) -> int:
        """Make a port of the app reachable on the host's loopback; returns the port there.

        Raises:
            OSError: the port on the host is taken.
        """

    def heard(self) -> tuple[bytes, ...]:
        """What the app said through published ports, one piece for each conversation, the latest first."""

    def prompt_sent(self, prompt: Prompt) -> None:
        """Write down that a prompt is being handed to the app."""

    def answer(self, prompt: Prompt, text: str, seconds: float, error: str = "") -> None:
        """Write down what came back, and whether the marker is in it."""

    def say(self, text: str) -> None:
        """A line of progress for the user."""

    def gap(self, text: str, *, blinds: bool, principle: int = 0) -> None:
        """Write down what could not be seen (`auditor.model.coverage.Gap`)."""


def launch(stage: Stage, *, stdin: bool = False) -> None:
    """Phase `start`: start the app without a prompt."""
    stage.begin(PhaseName.START)
    stage.start_app(stdin=stdin)


def idle(stage: Stage) -> None:
    """Phase `idle`: leave the app alone until its time is over or all of it has ended."""
    stage.begin(PhaseName.IDLE)
    stage.wait(stage.pace.idle, lambda: not stage.box_alive())


def settle(stage: Stage) -> None:
    """Phase `settle`: what is sent late; skipped as soon as no process of the app is left."""
    stage.begin(PhaseName.SETTLE)
    stage.wait(stage.pace.settle, lambda: not stage.box_alive())
