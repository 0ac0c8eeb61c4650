"""`make fuzz MINUTES=10`: every target for that long. `run.py [--minutes M] [--seed N] [TARGET]...`."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import long


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target")
    parser.add_argument("--seed", type=int, default=None, help="to repeat a run; named at its beginning")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    return long.run(options.minutes, options.targets, seed, say=lambda line: print(line, flush=True))


if __name__ == "__main__":
    sys.exit(main())
