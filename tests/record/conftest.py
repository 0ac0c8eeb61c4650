from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.errors import BoxUnavailable
from auditor.evidence.journal import Journal
from auditor.evidence.journal import read
from auditor.internet.ca import make_ca
from auditor.model.observation import Entry
from auditor.model.observation import Observation
from auditor.sandbox.box import Box
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box
from auditor.sandbox.prepare import write_files


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "events.jsonl")
    yield made
    made.close()


@pytest.fixture
def written(journal: Journal) -> Callable[[type[Observation]], list[Observation]]:
    """The observations of one type that are in the journal."""

    def find(kind: type[Observation]) -> list[Observation]:
        return [entry.what for entry in read(journal.path) if isinstance(entry.what, kind)]

    return find


@pytest.fixture
def entry_of() -> Callable[..., Entry]:
    """A journal entry around an observation."""

    def make(what: Observation, phase: str = "prompt") -> Entry:
        return Entry(seq=1, t=0.0, mono=0.0, phase=phase, observer="x", what=what)

    return make


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A real box without observers."""
    monkeypatch.chdir(tmp_path)
    plan = plan_box(Wishes(command=["sh"], scratch=scratch_directory()))
    try:
        made = Box.build(plan, hand_over=lambda _role: None)
    except BoxUnavailable as error:
        pytest.skip(str(error))
    try:
        authority = make_ca()
        write_files(plan, authority.certificate_pem, authority.subject)
        made.furnish()
        yield made
    finally:
        made.close()
