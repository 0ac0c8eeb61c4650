from __future__ import annotations

import threading
import time

import pytest

from auditor.sandbox import helper
from auditor.sandbox.helper import remove_tree


@pytest.fixture
def place(tmp_path):
    """A folder of everybody's with a tree in it."""
    shared = tmp_path / "shared"
    (shared / "tree" / "locked" / "deep").mkdir(parents=True)
    shared.chmod(0o1777)
    (shared / "tree" / "locked" / "deep" / "file").write_text("x")
    return shared


def mode(path) -> int:
    return path.stat().st_mode & 0o7777


def test_locked_folders_are_removed_and_the_place_keeps_its_mode(place):
    below = place / "tree" / "locked" / "deep" / "er" / "and" / "deeper"
    below.mkdir(parents=True)
    (below / "link").symlink_to(place)
    for path in (below, *list(below.parents)[:4]):
        path.chmod(0)
    remove_tree(place / "tree")
    assert list(place.iterdir()) == []
    assert mode(place) == 0o1777


def test_what_cannot_be_removed_costs_the_place_nothing(place, monkeypatch):
    def refuse(*_args, **_kwargs) -> None:
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr(helper.os, "rmdir", refuse)
    monkeypatch.setattr(helper, "_PASSES", (0.0, 0.0))
    remove_tree(place / "tree")
    assert (place / "tree").is_dir()
    assert mode(place) == 0o1777


def test_what_is_written_meanwhile_is_removed_too(place):
    until = time.monotonic() + 0.05

    def write() -> None:
        number = 0
        while time.monotonic() < until:
            number += 1
            try:
                (place / "tree" / str(number)).write_text("x")
            except OSError:
                return

    writer = threading.Thread(target=write)
    writer.start()
    remove_tree(place / "tree")
    writer.join()
    assert list(place.iterdir()) == []


def test_what_is_gone_already_is_no_error(tmp_path):
    remove_tree(tmp_path / "none")
