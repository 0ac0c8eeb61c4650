"""The programs of the leak benchmark, importable by the names that they use for each other."""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
for _folder in ("benchmarks", "fixtures/leaks"):
    sys.path.insert(0, str(PROJECT / _folder))
