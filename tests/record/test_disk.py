from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.errors import RecordingFailed
from auditor.evidence import store
from auditor.evidence.journal import Journal
from auditor.evidence.journal import read
from auditor.model.observation import FileChanged
from auditor.record.disk import Disk
from auditor.record.disk import check_disk
from auditor.sandbox.plan import Layer


@dataclass
class Plan:
    """The part of a box's plan that says where changes are recorded."""

    layers: tuple[Layer, ...]
    ignored_paths: frozenset[str] = frozenset()


@pytest.fixture
def tree(tmp_path: Path):
    """(path in the box, its upper directory, what is written of it)."""
    lower, upper = tmp_path / "lower", tmp_path / "upper"
    lower.mkdir()
    upper.mkdir()
    directory = store.create(tmp_path / "run")
    journal = Journal(directory.events)
    disk = Disk(Plan((Layer(mount=str(lower), upper=str(upper), lower=str(lower)),)), directory, journal)

    (upper / "honey.txt").write_text("ours")
    disk.take_stock()

    def changes(role: str, **how) -> set[tuple[str, str, str]]:
        disk.write_changes(role, **how)
        found = [entry.what for entry in read(journal.path) if isinstance(entry.what, FileChanged)]
        return {(Path(each.path).name, each.change, each.role) for each in found}

    yield upper, changes
    journal.close()


def test_each_change_is_laid_to_whose_turn_it_was(tree):
    upper, changes = tree
    (upper / "chat.log").write_text("x")
    assert changes("app") == {("chat.log", "created", "app")}
    (upper / "control.txt").write_text("x")
    assert changes("control") == {("chat.log", "created", "app"), ("control.txt", "created", "control")}
    assert len(changes("reference")) == 2


def test_what_we_planted_is_no_change(tree):
    upper, changes = tree
    (upper / "prompt.txt").write_text("ours")
    (upper / "theirs.txt").write_text("theirs")
    ours = str(upper.parent / "lower" / "prompt.txt")
    assert changes("app", ignore={ours}) == {("theirs.txt", "created", "app")}


def test_a_disk_that_takes_everything_is_no_matter(tmp_path):
    check_disk(tmp_path, None)


def test_one_that_does_not_ends_the_recording_with_the_fix(tmp_path):
    error = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(RecordingFailed, match=r"No space left on device\. The run is unsealed\.") as caught:
        check_disk(tmp_path, error)
    assert str(tmp_path) in caught.value.what
    assert "--out" in caught.value.fix
    assert caught.value.exit_code == 3


def test_what_lay_there_before_is_a_change_only_when_somebody_makes_one(tree):
    upper, changes = tree
    assert changes("app") == set()
    (upper / "honey.txt").write_text("ours and theirs")
    assert changes("app") == {("honey.txt", "modified", "app")}
