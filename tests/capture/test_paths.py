from __future__ import annotations

import os
import stat

import pytest

from auditor.capture import paths
from auditor.capture.paths import Paths
from auditor.capture.tasks import TaskTable


@pytest.fixture
def task():
    """Ourselves."""
    table = TaskTable()
    yield table.fresh(os.getpid())
    table._forget(os.getpid())


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("x")
    (tmp_path / "alias").symlink_to("real")
    return os.fsencode(tmp_path)


def test_an_entry_lies_in_its_real_directory(task, tree):
    found = Paths().entry(task, tree + b"/alias/../alias/./file/")
    assert found.path == tree + b"/real/file"
    assert stat.S_ISREG(found.mode)
    assert found.is_plain


def test_an_entry_is_not_followed(task, tree):
    found = Paths().entry(task, tree + b"/alias")
    assert found.path == tree + b"/alias"
    assert stat.S_ISLNK(found.mode)
    assert not found.is_plain


def test_an_entry_need_not_exist_but_its_directory_must(task, tree):
    found = Paths().entry(task, tree + b"/alias/new")
    assert (found.path, found.mode, found.is_plain) == (tree + b"/real/new", 0, True)
    with pytest.raises(FileNotFoundError):
        Paths().entry(task, tree + b"/nothing/new")
    with pytest.raises(NotADirectoryError):
        Paths().entry(task, tree + b"/real/file/new")


@pytest.mark.parametrize("path", [b"", b"/", b"//", b"/tmp/.", b"/tmp/.."])
def test_some_paths_end_in_no_name(task, path):
    assert Paths().entry(task, path) is None


def test_names_in_the_root(task):
    assert Paths().entry(task, b"/tmp").path == b"/tmp"
    assert Paths().entry(task, b"//nothing-of-this-name").path == b"/nothing-of-this-name"


def test_a_target_is_followed_to_its_end(task, tree):
    assert Paths().target(task, tree + b"/alias") == tree + b"/real"
    with pytest.raises(FileNotFoundError):
        Paths().target(task, tree + b"/alias/nothing")


def turn(tree: bytes) -> None:
    """Let the link lead elsewhere."""
    os.mkdir(tree + b"/other")
    os.unlink(tree + b"/alias")
    os.symlink("other", tree + b"/alias")


def test_directories_are_remembered_until_told_otherwise(task, tree, monkeypatch):
    monkeypatch.setattr(paths, "_REMEMBERED_S", 3600.0)
    known = Paths()
    assert known.entry(task, tree + b"/alias/a").path == tree + b"/real/a"
    turn(tree)
    assert known.entry(task, tree + b"/alias/a").path == tree + b"/real/a"
    known.forget()
    assert known.entry(task, tree + b"/alias/a").path == tree + b"/other/a"


def test_directories_are_not_remembered_for_long(task, tree, monkeypatch):
    monkeypatch.setattr(paths, "_REMEMBERED_S", 0.0)
    known = Paths()
    known.entry(task, tree + b"/alias/a")
    turn(tree)
    assert known.entry(task, tree + b"/alias/a").path == tree + b"/other/a"
