"""Is the reference inside the box as fast as outside?

Both engines stand at once and take turns, one generation each and on one and the same processor, so that
a noisy machine meets both alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import harness

from auditor.reference.engine import SERVER_SCRIPT
from auditor.reference.model_file import model_path

QUESTION = "tokens: speed of the reference inside the box, beside the same program outside"
PROGRAM = Path(__file__).with_name("generate.py")
PORT = 18_474
"""In the box, where every port is free."""
START_S = 60.0
ROUNDS = 60

Ask = Callable[[], dict[str, float]]
"""One generation: `{"tokens", "engine_s", "wall_s"}`."""


def _command(port: int) -> list[str]:
    return [sys.executable, str(PROGRAM), str(SERVER_SCRIPT), str(model_path()), str(port)]


@contextlib.contextmanager
def _started(argv: list[str], port: int) -> Iterator[Ask]:
    """A program that generates whenever it is asked on a port of ours."""
    null = subprocess.DEVNULL
    with subprocess.Popen(argv, env=harness.ENVIRONMENT, stdin=null, stdout=null, stderr=null) as program:
        try:
            with _connected(port) as stream:

                def ask() -> dict[str, float]:
                    stream.write(b"go on\n")
                    said: dict[str, float] = json.loads(stream.readline())
                    return said

                yield ask
            program.wait(START_S)
        finally:
            program.terminate()


def _connected(port: int) -> BinaryIO:
    """A connection to somebody who said that he is ready."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port)) as end:
                stream: BinaryIO = end.makefile("rwb", buffering=0)
            if stream.readline():
                return stream
        except ConnectionError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"nobody answered on port {port}")


def measure() -> harness.Figures:
    """Let both take turns."""
    # Each would stay on a processor of its own, and whoever shares that with a busy neighbour seems slow.
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(everywhere)})
    try:
        return _taking_turns()
    finally:
        os.sched_setaffinity(0, everywhere)


def _taking_turns() -> harness.Figures:
    ours, theirs = harness.free_port(), harness.free_port()
    with harness.folder() as parent:
        options = (*harness.UNTIL_ITS_END, "--publish", f"{PORT}:{ours}")
        audit = [*harness.AUDIT, "record", *options, "--out", str(parent / "run"), "--", *_command(PORT)]
        with _started(audit, ours) as inside, _started(_command(theirs), theirs) as outside:
            taken = harness.rounds(ROUNDS, {"box": inside, "plain": outside})
    return [
        harness.Figure(name="median tokens/s, outside", value=_median(taken["plain"], "engine_s")),
        harness.Figure(name="median tokens/s, box", value=_median(taken["box"], "engine_s")),
        harness.Figure(
            name="box / outside, by the engine's clock", value=_ratio(taken, "engine_s"), at_least=0.97
        ),
        harness.Figure(
            name="box / outside, until the answer is there", value=_ratio(taken, "wall_s"), at_least=0.97
        ),
    ]


def _speeds(said: Sequence[dict[str, float]], clock: str) -> list[float]:
    return [each["tokens"] / each[clock] for each in said]


def _median(said: Sequence[dict[str, float]], clock: str) -> float:
    return statistics.median(_speeds(said, clock))


def _ratio(taken: Mapping[str, Sequence[dict[str, float]]], clock: str) -> float:
    return harness.ratio(_speeds(taken["box"], clock), _speeds(taken["plain"], clock))


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
