"""The long run of all targets: minutes each, as many at a time as there are cores, new inputs every time."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from types import FrameType

from fuzzing import mutation
from fuzzing.targets import FOUND
from fuzzing.targets import TARGETS
from fuzzing.targets import Target
from fuzzing.targets import try_out


class TooSlow(Exception):
    """One input took longer than its target may."""


MOST_FAILURES = 5
"""Different ones, after which a target is left alone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one target."""

    name: str
    inputs: int
    failures: tuple[str, ...]
    """Path of the input, and the end of the traceback."""


def run(minutes: float, names: list[str], seed: int, say: Callable[[str], None] = print) -> int:
    """Run targets; 1 when anything fell out, 2 for an unknown name."""
    by_name = {target.name: target for target in TARGETS}
    if unknown := [name for name in names if name not in by_name]:
        say(f"no such target: {', '.join(unknown)}; there are {', '.join(by_name)}")
        return 2
    wanted = names or list(by_name)
    failed = 0
    # Forked workers would share the parent's random state and caches; fresh ones tell nothing but their seed.
    with ProcessPoolExecutor(
        os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(), get_context("spawn")
    ) as pool:
        waiting = [pool.submit(_fuzz, name, minutes * 60, seed) for name in wanted]
        for done in as_completed(waiting):
            outcome = done.result()
            failed += len(outcome.failures)
            say(f"{outcome.name:22} {outcome.inputs:>12,} inputs  {len(outcome.failures) or 'no'} failures")
            for failure in outcome.failures:
                say(failure)
    return 1 if failed else 0


def _fuzz(name: str, seconds: float, seed: int) -> Outcome:
    target = next(each for each in TARGETS if each.name == name)
    random = Random(f"{seed} {name}")
    signal.signal(signal.SIGVTALRM, _ring)
    until = time.monotonic() + seconds
    inputs, seen = 0, dict[str, str]()
    beginnings = list(target.seeds())
    while time.monotonic() < until and len(seen) < MOST_FAILURES:
        data = mutation.bend(beginnings, random.getrandbits(16), mutation.random_edits(random))
        inputs += 1
        _one(target, data, seen)
    return Outcome(name, inputs, tuple(seen.values()))


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _one(target: Target, data: bytes, seen: dict[str, str]) -> None:
    try:
        # Processor time, so that a loaded machine does not look like a slow parser.
        signal.setitimer(signal.ITIMER_VIRTUAL, target.slow_s)
        try_out(target, data)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except Exception as error:  # noqa: BLE001 - which is what we look for
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        where = traceback.extract_tb(error.__traceback__)[-1]
        key = f"{type(error).__name__}-{Path(where.filename).stem}-{where.lineno}"
        if key not in seen:
            seen[key] = _note(target, key, data, "".join(traceback.format_exception(error)[-6:]))


def _note(target: Target, key: str, data: bytes, why: str) -> str:
    path = FOUND / target.name / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return f"  {path}\n  " + why.replace("\n", "\n  ").rstrip()
