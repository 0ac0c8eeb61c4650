"""Of small programs that leak in known ways, how many does the audit find? Does it accuse any that do not?

Not a test, and not the programs: those are `fixtures/leaks`. Each is recorded in the real box and judged by
the built-in rules. As a benchmark all of them are, and `docs/benchmark.md` is written anew:

    .venv/bin/python benchmarks/run.py leaks
    .venv/bin/python benchmarks/leaks.py base58 'dns-*'     # some, with what was found
"""

from __future__ import annotations

import argparse
import fnmatch
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import harness

PROGRAMS = harness.ROOT / "fixtures" / "leaks"
sys.path.insert(0, str(PROGRAMS))

import leaks_page  # noqa: E402
from leak_catalogue import ROWS  # noqa: E402
from row import FALSE_RULES  # noqa: E402
from row import Group  # noqa: E402
from row import Row  # noqa: E402

from auditor.classify.case import classify  # noqa: E402
from auditor.evidence import store  # noqa: E402
from auditor.judge.engine import judge  # noqa: E402
from auditor.judge.policy import Policy  # noqa: E402
from auditor.judge.ruleset import RuleSet  # noqa: E402
from auditor.judge.ruleset import default_rules_folder  # noqa: E402
from auditor.judge.ruleset import load_rules  # noqa: E402

QUESTION = f"leaks: {len(ROWS)} small programs, leaking and not"
PAGE = harness.ROOT / "docs" / "benchmark.md"
OPTIONS = ("--no-reference", "--idle", "0", "--settle", "6")
RUN_S = 120
BASIC, HARD = 0.98, 0.9
"""Recall to be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the audit said about one program."""

    row: Row
    rules: frozenset[str] = frozenset()
    """Of all findings."""
    verdict: str = ""
    messages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Where in what was sent the marks stood."""
    traces: int = 0
    """Flows, look-ups and changed files that were recorded."""
    broken: str = ""
    """Why it could not be run as it should."""
    took_s: float = 0.0

    @property
    def found(self) -> bool:
        """For a leak: by one of the rules that speak of it."""
        return bool(self.rules & self.row.rules)

    @property
    def accused(self) -> frozenset[str]:
        """For a negative: rules that say what is not so."""
        return self.rules & FALSE_RULES


def run(row: Row, folder: Path) -> Outcome:
    """Record one program, unless the folder holds its recording, and judge the run."""
    began = time.monotonic()
    out = folder / row.name
    if not (out / "run.json").exists() and (trouble := _record(row, out)):
        return Outcome(row=row, broken=trouble)
    status = json.loads((out / "run.json").read_text())["app_status"]
    return _judged(row, out, status, time.monotonic() - began)


def _record(row: Row, out: Path) -> str:
    """Record one program; returns why it could not be."""
    shutil.rmtree(out, ignore_errors=True)
    driver = ("--driver", "stdin") if row.chat else ("--driver", "argv")
    words = () if row.chat else ("{prompt}",)
    app = (sys.executable, "-B", str(PROGRAMS / "app.py"), row.name, *words)
    argv = [*harness.AUDIT, "record", *OPTIONS, *driver, *row.options, "--out", str(out), "--", *app]
    try:
        done = subprocess.run(
            argv, env=harness.ENVIRONMENT, cwd=harness.ROOT, capture_output=True, text=True, timeout=RUN_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not recorded within {RUN_S} s"
    return "" if (out / "run.json").exists() else done.stderr.strip().rpartition("\n")[2]


def _judged(row: Row, out: Path, status: str, took_s: float) -> Outcome:
    case = classify(store.open_run(out))
    said = judge(case, _rules(), Policy())
    traces = len(case.flows) + len(case.lookups) + len(case.files)
    expected = "still running at the end" if row.timing == "at-stop" else "exit 0"
    log = (out / "app.log").read_text(errors="replace").strip()
    return Outcome(
        row=row,
        rules=frozenset(one.rule for one in said.findings),
        verdict=said.verdict.outcome.value,
        messages=tuple(f"{one.rule} {one.message}  {one.excerpt}" for one in said.findings),
        paths=tuple(sight.path for one in case.canaries for sight in one.found if sight.direction == "out"),
        traces=traces,
        broken="" if status == expected and "Error" not in log else f"{status}: {log[-300:]}",
        took_s=took_s,
    )


@functools.cache
def _rules() -> RuleSet:
    return load_rules([default_rules_folder()])


def run_all(rows: Iterable[Row], jobs: int, folder: Path) -> Iterator[Outcome]:
    """All of them, some at once, in order."""
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run, rows, itertools.repeat(folder))


def figures(outcomes: list[Outcome]) -> harness.Figures:
    """Recall by group, false findings, and whether every program did what it should."""
    quiet = [one for one in outcomes if one.row.group is Group.NEGATIVE]
    named = [(group, [one for one in outcomes if one.row.group is group]) for group in Group]
    bounds = {Group.BASIC: BASIC, Group.HARD: HARD}
    recalls = [
        harness.Figure(
            name=f"recall, {group.value} ({len(of)} programs)",
            value=sum(one.found for one in of) / len(of),
            at_least=bounds.get(group),
        )
        for group, of in named
        if of and group is not Group.NEGATIVE
    ]
    return [
        *recalls,
        harness.Figure(
            name=f"negatives accused of a leak, of {len(quiet)}",
            value=sum(bool(one.accused) for one in quiet),
            at_most=0,
        ),
        harness.Figure(
            name="programs that could not do what they should",
            value=sum(bool(one.broken) for one in outcomes),
            at_most=0,
        ),
    ]


def measure() -> harness.Figures:
    """Run all, and write the page."""
    with tempfile.TemporaryDirectory(prefix="leaks-") as folder:
        outcomes = list(run_all(ROWS.values(), _jobs(), Path(folder)))
    PAGE.write_text(leaks_page.page(outcomes))
    return figures(outcomes)


def _jobs() -> int:
    return max(os.cpu_count() or 1, 1)


def main(arguments: list[str]) -> int:
    """Run those that match, tell each, and leave the page alone."""
    parser = argparse.ArgumentParser(description="Run some programs of the leak benchmark.")
    parser.add_argument("patterns", nargs="*", default=["*"], help="names of programs, or of groups")
    parser.add_argument("--jobs", type=int, default=_jobs())
    parser.add_argument("--keep", type=Path, help="keep recordings here, and judge those that are there")
    parser.add_argument("--page", action="store_true", help="write docs/benchmark.md")
    given = parser.parse_args(arguments)
    rows = [row for row in ROWS.values() if _wanted(row, given.patterns)]
    with tempfile.TemporaryDirectory(prefix="leaks-") as folder:
        outcomes = []
        for one in run_all(rows, given.jobs, given.keep or Path(folder)):
            outcomes.append(one)
            print(_line(one), flush=True)
    if given.page:
        PAGE.write_text(leaks_page.page(outcomes))
    return int(not harness.report(QUESTION, figures(outcomes)))


def _wanted(row: Row, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(row.name, each) or row.group.value == each for each in patterns)


def _line(one: Outcome) -> str:
    good = not one.accused if one.row.group is Group.NEGATIVE else one.found
    word = (
        "BROKEN" if one.broken else "ok" if good else "FALSE" if one.row.group is Group.NEGATIVE else "MISS"
    )
    details = [one.broken] if one.broken else []
    if not good:
        details += [f"{one.row.way}; {one.traces} traces; {one.verdict}", *one.messages]
    return "\n      ".join(
        [f"{word:<7}{one.row.group.value:<13}{one.row.name:<32}{one.took_s:5.1f} s", *details]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
