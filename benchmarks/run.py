"""Runs all benchmarks, or those that are named: `make bench`, `benchmarks/run.py start_time memory`.

Exits with 1 when a target is missed; nothing else depends on it.
"""

from __future__ import annotations

import importlib
import sys

import harness

NAMES = (
    "reference_speed",
    "start_time",
    "https_requests",
    "memory",
    "packet_drops",
    "wire_account",
    "search",
    "waiting_time",
    "leaks",
)


def main(wanted: list[str]) -> int:
    """Measure, and print one table for each question."""
    unknown = set(wanted) - set(NAMES)
    if unknown:
        print(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.")
        return 2
    print(harness.machine() + "\n", flush=True)
    held = True
    for name in wanted or NAMES:
        module = importlib.import_module(name)
        held &= harness.report(module.QUESTION, module.measure())
    return int(not held)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
