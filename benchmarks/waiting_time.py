"""What does the user wait for beyond the app's own time, from the command to the report?

Not how fast the app starts: that is `start_time.py`.
"""

from __future__ import annotations

import statistics
import sys
import time

import harness

QUESTION = "wait: `audit run` of a program that takes one second, minus that second"
APP_S = 1.0
APP = ("sh", "-c", f'sleep {APP_S:g}; printf "so: %s\\n" $1', "app", "{prompt}")
"""Takes a second and answers with the words of the prompt, so that it counts as used."""
ROUNDS = 9


def _run(*options: str) -> float:
    with harness.folder() as parent:
        began = time.monotonic()
        done = harness.audit("run", *options, out=parent / "run", command=APP)
        took = time.monotonic() - began
        if done.returncode or not (parent / "run" / "report.html").exists():
            raise SystemExit(f"this run should have passed:\n{done.stdout}{done.stderr}")
    return took - APP_S


def measure() -> harness.Figures:
    """Take the rounds."""
    taken = harness.rounds(ROUNDS, {"all": _run, "plain": lambda: _run("--no-reference")})
    return [
        harness.Figure(
            name="median, without the reference", value=statistics.median(taken["plain"]), unit="s"
        ),
        harness.Figure(
            name="median, with reference, judgement and report",
            value=statistics.median(taken["all"]),
            unit="s",
            at_most=4.0,
        ),
    ]


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
