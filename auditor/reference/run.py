"""Run the prompts through the reference engine and write down what it answered.

Not the box: the caller says how to start a program in it and how to reach a port of it. Whatever goes
wrong ends in a `ReferenceRan` that says so, because a missing reference must not spoil the recording.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol

from auditor.errors import AuditError
from auditor.model.markers import contains_marker
from auditor.model.observation import AnswerReceived
from auditor.model.observation import PromptSent
from auditor.model.observation import ReferenceRan
from auditor.openai_api import Api
from auditor.openai_api import ApiError
from auditor.reference import engine as engines
from auditor.reference import model_file

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.model.prompt import Prompt
    from auditor.reference.engine import Engine

ROLE = "reference"
START_S = 30.0
"""From exec until the engine has loaded the model; the shipped one takes a tenth of a second."""
ANSWER_S = 60.0
POLL_S = 0.01
LONGEST_TEXT = 4000
"""Of an answer in the journal."""


class Child(Protocol):
    """A program that was started inside the box."""

    def output(self) -> bytes:
        """What it wrote to stdout and stderr so far."""

    def running(self) -> bool:
        """Whether it has not ended yet."""

    def terminate(self) -> None:
        """End it, gently first, and wait until it is gone; no error when it is gone already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The two things that the reference needs from whoever built the box."""

    start: Callable[[tuple[str, ...], dict[str, str]], Child]
    """Start argv with an environment; OSError when that fails."""
    connect: Callable[[int], socket.socket]
    """Connect to a port on the box's loopback; OSError when nobody listens."""


class ReferenceFailed(Exception):
    """The message is the sentence for the report."""


Observed = PromptSent | AnswerReceived | ReferenceRan


def run_reference(
    *,
    model: Path,
    prompts: tuple[Prompt, ...],
    box: Box,
    parent_env: dict[str, str],
    write: Callable[[Observed], object],
) -> ReferenceRan:
    """Ask the engine every prompt.

    Each `PromptSent` and `AnswerReceived` (role `reference`) and, last, the `ReferenceRan` are given to
    `write` at the moment they are true. Raises nothing of its own.
    """
    chosen: Engine | None = None
    rates: list[float] = []
    error, digest = "", ""
    try:
        digest = model_file.sha256_of(model)
        chosen = choose(model, box, parent_env)
        with _served(chosen, box) as port:
            for prompt in prompts:
                rates += _ask(port, prompt, box, write)
    except (ReferenceFailed, AuditError, OSError) as problem:
        error = str(problem)
    ran = ReferenceRan(
        engine=chosen.name if chosen else "",
        version=chosen.version if chosen else "",
        model_sha256=digest,
        tokens_per_second=round(statistics.median(rates), 1) if rates else 0.0,
        error=error,
    )
    write(ran)
    return ran


def choose(model: Path, box: Box, parent_env: dict[str, str]) -> Engine:
    """The user's own `llama-server` when it is one, else the packaged engine.

    Raises:
        ReferenceFailed: there is neither.
    """
    engine = _own_server(model, box, parent_env) or engines.packaged(model, parent_env)
    if engine is None:
        raise ReferenceFailed("There is no llama.cpp: no llama-server on PATH, no package xllamacpp.")
    return engine


def _own_server(model: Path, box: Box, parent_env: dict[str, str]) -> Engine | None:
    executable = engines.installed(parent_env)
    if executable is None:
        return None
    said = [_printed_by((executable, flag), box, parent_env) for flag in ("--help", "--version")]
    return engines.from_path(
        executable, model=model, parent=parent_env, help_text=said[0], version_text=said[1]
    )


def _printed_by(argv: tuple[str, ...], box: Box, parent_env: dict[str, str]) -> str:
    """Output of a short command, also when it fails."""
    try:
        child = box.start(argv, engines.environment(parent_env))
    except OSError:
        return ""
    try:
        _until(lambda: not child.running(), START_S)
        return child.output().decode(errors="replace")
    finally:
        child.terminate()


@contextlib.contextmanager
def _served(engine: Engine, box: Box) -> Iterator[int]:
    """The port of an engine that runs as long as the block does."""
    child = box.start(engine.argv, engine.env)
    try:
        if not _until(lambda: _ready(engine, child, box) or not child.running(), START_S):
            raise ReferenceFailed(_sentence(f"{engine.name} was not ready within {START_S:g} s.", child))
        _check_running(engine, child)
        yield engine.port_in(child.output())
        _check_running(engine, child)
    finally:
        child.terminate()


def _check_running(engine: Engine, child: Child) -> None:
    if not child.running():
        raise ReferenceFailed(_sentence(f"{engine.name} ended by itself.", child))


def _ready(engine: Engine, child: Child, box: Box) -> bool:
    port = engine.port_in(child.output())
    if not port:
        return False
    try:
        return bool(Api(connect=lambda: box.connect(port), timeout_s=1.0).models())
    except ApiError:
        return False


def _ask(port: int, prompt: Prompt, box: Box, write: Callable[[Observed], object]) -> list[float]:
    """Write down question and answer; the speed, if the engine told it."""
    write(PromptSent(role=ROLE, index=prompt.index, text=prompt.text, canary=prompt.canary))
    began = time.monotonic()
    text, error, rate = "", "", 0.0
    try:
        reply = Api(connect=lambda: box.connect(port), timeout_s=ANSWER_S).chat("reference", prompt.text)
        text, rate = reply.text, reply.tokens_per_second
    except ApiError as problem:
        error = str(problem)
    write(
        AnswerReceived(
            role=ROLE,
            index=prompt.index,
            text=text[:LONGEST_TEXT],
            contains_marker=contains_marker(text, prompt.marker),
            contains_expected=None,
            vouched=False,
            seconds=round(time.monotonic() - began, 3),
            error=error,
        )
    )
    return [rate] if rate else []


def _until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; False when the time is over first."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def _sentence(what: str, child: Child) -> str:
    """What went wrong, and the last line of the output, which is where engines say why."""
    lines = [" ".join(line.split()) for line in child.output().decode(errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    return f"{what} Its last words: {last[:300]}" if last else what
