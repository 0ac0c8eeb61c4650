"""How long after `audit record` does the app run? Beside bubblewrap, and beside the import of the proxy.

Not the time that a recording takes as a whole: that is `waiting_time.py`.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time

import harness

QUESTION = "start: from `audit record` to the first instruction of the app"
CLOCK = ("date", "+%s%N")
"""A program that does nothing but tell when it ran."""
IMPORT = "import mitmproxy.proxy.server, time; print(time.time_ns())"
ROUNDS = 15


def _until_printed(argv: list[str]) -> float:
    """Seconds from the start of a program until the moment that it, or what it started, printed."""
    began = time.time_ns()
    printed = subprocess.run(argv, env=harness.ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    return (int(printed) - began) / 1e9


def _imported() -> float:
    return _until_printed([sys.executable, "-c", IMPORT])


def _in_bubblewrap() -> float:
    return _until_printed(["bwrap", "--unshare-all", "--ro-bind", "/", "/", *CLOCK])


def _in_box() -> float:
    with harness.folder() as parent:
        began = time.time_ns()
        harness.audit("record", *harness.UNTIL_ITS_END, out=parent / "run", command=CLOCK)
        return (int((parent / "run" / "app.log").read_text()) - began) / 1e9


def measure() -> harness.Figures:
    """Take the rounds."""
    measures = {"box": _in_box, "import": _imported}
    if shutil.which("bwrap"):
        measures["bubblewrap"] = _in_bubblewrap
    taken = harness.rounds(ROUNDS, measures)
    told = [
        harness.Figure(name=f"median, {name}", value=1000 * statistics.median(values), unit="ms")
        for name, values in taken.items()
    ]
    against = harness.ratio(taken["box"], taken["import"])
    return [*told, harness.Figure(name="box / import mitmproxy.proxy.server", value=against, at_most=1.0)]


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
