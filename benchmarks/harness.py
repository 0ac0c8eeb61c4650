"""What the benchmarks share: figures with targets, rounds that interleave, starting `audit`.

Not a benchmark: each question has a script of its own beside this one.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
AUDIT = (sys.executable, "-m", "auditor")
_BYTECODE = tempfile.TemporaryDirectory(prefix="bench-")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": str(ROOT),
    # Bytecode of everything is kept, as in an installation: the first round writes it, here.
    "PYTHONPYCACHEPREFIX": _BYTECODE.name,
}
UNTIL_ITS_END = ("--driver", "manual", "--settle", "0", "--no-reference")
"""Options that record an app for as long as it runs, and nothing else."""
RUN_S = 600
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that a benchmark found."""

    name: str
    value: float
    unit: str = ""
    """Empty for a ratio."""
    at_least: float | None = None
    at_most: float | None = None
    """A figure without a bound is told for comparison only."""

    @property
    def holds(self) -> bool:
        """Whether it keeps its bounds."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def target(self) -> str:
        """The bound in words, empty without one."""
        low = f">= {self.at_least:g}" if self.at_least is not None else ""
        return low or (f"<= {self.at_most:g}" if self.at_most is not None else "")

    def __str__(self) -> str:
        """One line of the table."""
        line = f"  {self.name:<58} {self.value:>9.3f} {self.unit:<4}"
        return (
            f"{line} target {self.target:<8} {'holds' if self.holds else 'MISSED'}" if self.target else line
        )


Figures = Sequence[Figure]


def rounds(number: int, measures: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Take every measure once a round, each round in the other order, after one round for the caches.

    What else the machine does meets all of them alike: only their ratio means anything.
    """
    taken: dict[str, list[T]] = {name: [] for name in measures}
    for turn in range(number + 1):
        for name, measure in list(measures.items())[:: 1 if turn % 2 else -1]:
            value = measure()
            if turn:
                taken[name].append(value)
    return taken


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Median of the ratios within each round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """An empty directory for one measurement."""
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        yield Path(made)


def audit(stage: str, *options: str, out: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run `audit run` or `audit record`.

    Raises:
        SystemExit: it could not record, or the app failed; with what it said.
    """
    argv = [*AUDIT, stage, *options, "--out", str(out), "--", *command]
    done = subprocess.run(
        argv, env=ENVIRONMENT, cwd=out.parent, capture_output=True, text=True, timeout=RUN_S, check=False
    )
    manifest, log = out / "run.json", out / "app.log"
    if not manifest.exists() or json.loads(manifest.read_text())["app_status"] != "exit 0":
        said = log.read_text(errors="replace") if log.exists() else ""
        raise SystemExit(f"audit {stage} failed with {done.returncode}:\n{done.stderr}{said}")
    return done


def free_port() -> int:
    """A TCP port of the loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def machine() -> str:
    """The machine and the user in one line."""
    text = Path("/proc/cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    who = "root" if os.geteuid() == 0 else "an ordinary user"
    return (
        f"{os.cpu_count()} x {models[0] if models else platform.machine()}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, as {who}, load {os.getloadavg()[0]:.1f}"
    )


def report(question: str, figures: Figures) -> bool:
    """Print the figures of one question; True when every target holds."""
    print(question)
    for figure in figures:
        print(figure)
    print(flush=True)
    return all(figure.holds for figure in figures)
