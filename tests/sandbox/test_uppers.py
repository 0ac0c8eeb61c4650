from __future__ import annotations

import os
import time

import pytest

from auditor.sandbox import uppers
from auditor.sandbox.plan import HoneyFile
from auditor.sandbox.plan import Layer


@pytest.fixture
def home(tmp_path):
    """(home directory, its upper directory, the layers)."""
    lower, upper = tmp_path / "home", tmp_path / "upper"
    lower.mkdir()
    upper.mkdir()
    return lower, upper, (Layer(mount=str(lower), upper=str(upper), lower=str(lower)),)


def file(path) -> HoneyFile:
    return HoneyFile(id="f", path=str(path), place="~/x", text="a secret", secret="secret", mode=0o640)


def test_a_file_lies_in_the_upper_and_not_on_the_disk(home):
    lower, upper, layers = home
    uppers.lay(layers, [file(lower / ".aws" / "credentials")], (os.getuid(), os.getgid()))
    laid = upper / ".aws" / "credentials"
    assert (laid.read_text(), laid.stat().st_mode & 0o7777) == ("a secret", 0o640)
    assert laid.stat().st_mtime < time.time() - 86400
    assert (upper / ".aws").stat().st_mode & 0o7777 == 0o700
    assert not list(lower.iterdir())


def test_a_folder_of_the_users_keeps_its_mode_and_date(home):
    lower, upper, layers = home
    (lower / ".ssh").mkdir()
    (lower / ".ssh").chmod(0o750)
    os.utime(lower / ".ssh", (1000, 1000))
    uppers.lay(layers, [file(lower / ".ssh" / "id")], (os.getuid(), os.getgid()))
    assert (upper / ".ssh").stat().st_mode & 0o7777 == 0o750
    assert (upper / ".ssh").stat().st_mtime == 1000
    assert uppers.made_folders([file(lower / ".ssh" / "id")]) == frozenset()
    assert uppers.made_folders([file(lower / ".a" / "b" / "c")]) == {f"{lower}/.a", f"{lower}/.a/b"}


def test_what_is_free(home, tmp_path):
    lower, _, layers = home
    (tmp_path / "elsewhere").mkdir()
    (lower / "Documents").symlink_to(tmp_path / "elsewhere")
    (lower / "taken").touch()
    (lower / "dangling").symlink_to("/nowhere")
    assert uppers.is_free(layers, f"{lower}/.config/rclone/rclone.conf")
    assert not uppers.is_free(layers, f"{lower}/taken")
    assert not uppers.is_free(layers, f"{lower}/taken/below")
    assert not uppers.is_free(layers, f"{lower}/dangling")
    assert not uppers.is_free(layers, f"{lower}/Documents/x.txt")  # it would hide the user's link
    assert not uppers.is_free(layers, f"{tmp_path}/elsewhere/x")
