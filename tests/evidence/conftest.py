from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.evidence import store
from auditor.evidence.bodies import BodyStore
from auditor.evidence.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "events.jsonl")
    yield made
    made.close()


@pytest.fixture
def bodies(tmp_path: Path) -> BodyStore:
    return BodyStore(tmp_path, cap_each=100_000, cap_total=250_000)


@pytest.fixture
def directory(tmp_path: Path) -> store.RunDirectory:
    """A run directory with one file of every kind."""
    made = store.create(tmp_path / "run")
    for name in store.RAW_FILES:
        (made.root / name).write_text(f"content of {name}")
    (made.bodies / "b1").write_text("a body")
    (made.files / "f1").write_text("a file")
    made.result.write_text("derived")
    return made
