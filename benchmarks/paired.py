"""Do paired runs tell an app whose sealed messages follow the prompt from those whose messages do not?

The boxes are real. The rate of wrong accusations is far too small to be seen in boxes, so it is measured on
simulated apps: random sizes, numbers, names and times that know nothing of the prompt.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import harness
from harness import Figure

QUESTION = "paired runs: found and spared, runs needed, rate of wrong accusations"
REPEATS = int(os.environ.get("PAIRED_REPEATS", "20"))
EXPERIMENTS = int(os.environ.get("PAIRED_EXPERIMENTS", "5000"))
APP = harness.ROOT / "fixtures" / "apps" / "paired_leaks.py"
OPTIONS = ("--no-reference", "--settle", "0", "--paired", "24")
LEAKS = ("size",)
SPARED = ("heartbeat", "noise")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one experiment said."""

    outcome: str
    runs: int


def measure() -> harness.Figures:
    """Experiments in boxes by channel, then simulated ones."""
    figures = []
    for channel in (*LEAKS, *SPARED):
        answers = list(_experiments(channel))
        accused = sum(answer.outcome == "depends" for answer in answers)
        spared = channel in SPARED
        figures += [
            Figure(
                name=f"{channel}: accused, of {len(answers)}",
                value=accused,
                at_most=0 if spared else None,
                at_least=None if spared else len(answers),
            ),
            Figure(name=f"{channel}: runs until the answer, mean", value=_mean(answers)),
        ]
    return (*figures, _simulated())


def _mean(answers: list[Answer]) -> float:
    return statistics.fmean(answer.runs for answer in answers)


def _experiments(channel: str) -> Iterator[Answer]:
    command = (sys.executable, "-B", str(APP), "{prompt}", channel)
    for _ in range(REPEATS):
        with harness.folder() as made:
            out, result = made / "run", made / "result.json"
            harness.audit("run", *OPTIONS, "--format", f"json={result}", out=out, command=command)
            paired = json.loads(result.read_text())["paired"]
            yield Answer(outcome=paired["outcome"], runs=paired["runs"])


def _simulated() -> Figure:
    from auditor.classify.pairs.dependence import decide
    from auditor.classify.pairs.traces import Message
    from auditor.classify.pairs.traces import Trace
    from auditor.record.pairs import draw

    rng = Random(20261121)

    def trace() -> Trace:
        times = [rng.expovariate(1) for _ in range(rng.randrange(4))]
        sent = tuple(
            Message(at=at, destination="x port 443/tcp", bytes=rng.randrange(50, 3000)) for at in times
        )
        names = tuple((at, f"{rng.randrange(5)}.x.example") for at in times)
        opened = tuple((at, "x port 443/tcp") for at in times)
        return Trace(watched=5.0, messages=sent, connections=opened, names=names, unread=0)

    accused = 0
    for _ in range(EXPERIMENTS):
        plan = draw(24, 0.001)
        accused += bool(decide(plan, [trace() for _ in plan.order]).dependence.effects)
    return Figure(name=f"wrong accusations in {EXPERIMENTS} simulated experiments", value=accused,
                  at_most=EXPERIMENTS * 0.001)  # fmt: skip


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
