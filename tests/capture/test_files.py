from __future__ import annotations

import hashlib
import os
import signal
import socket
from dataclasses import dataclass

import pytest

from auditor.capture import files
from auditor.capture import overlay
from auditor.capture.files import changes
from auditor.capture.overlay import listing
from auditor.kernel import syscalls
from auditor.model.observation import GapNoted


@dataclass(frozen=True)
class Tree:
    mount: str
    upper: str
    lower: str


@pytest.fixture
def tree(tmp_path):
    for name in ("lower", "upper", "work", "merged", "keep"):
        (tmp_path / name).mkdir()
    return tmp_path


def layer(tree) -> Tree:
    return Tree("/home/me", str(tree / "upper"), str(tree / "lower"))


def found(tree, **options) -> dict:
    return {each.path: each for each in changes([layer(tree)], tree / "keep", **options)}


def act(tree, work) -> None:
    """Run `work` with the overlay mounted at `merged`, in namespaces of its own."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            uid, gid = os.getuid(), os.getgid()
            syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{uid} {uid} 1"),
                ("gid_map", f"{gid} {gid} 1"),
            ):
                with open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
            options = ",".join(f"{key}dir={tree / key}" for key in ("lower", "upper", "work"))
            syscalls.mount("overlay", str(tree / "merged"), "overlay", 0, f"{options},userxattr")
            os.chdir(tree / "merged")
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert status == 0


def write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


@pytest.mark.box
def test_created_modified_deleted_on_a_real_overlay(tree):
    lower = tree / "lower"
    for name in ("same", "changed", "gone", "touched", "mode"):
        (lower / name).write_text(name)
    (lower / "folder" / "deep").mkdir(parents=True)
    (lower / "folder" / "deep" / "one").write_text("1")
    (lower / "kept").mkdir()
    (lower / "kept" / "two").write_text("2")
    (lower / "kept" / "three").write_text("3")

    def work():
        write("new", "hello")
        write("changed", "other")
        os.unlink("gone")
        os.utime("touched")  # copied up, content untouched
        os.chmod("mode", 0o600)
        os.unlink("folder/deep/one")
        os.rmdir("folder/deep")
        os.rmdir("folder")
        for name in ("two", "three"):
            os.unlink(f"kept/{name}")
        os.rmdir("kept")
        os.mkdir("kept")  # opaque now
        write("kept/two", "2")
        os.makedirs("cache/models")
        os.symlink("/etc/shadow", "link")

    act(tree, work)
    seen = found(tree)
    assert {path.removeprefix("/home/me/"): (each.change, each.type) for path, each in seen.items()} == {
        "new": ("created", "file"),
        "changed": ("modified", "file"),
        "gone": ("deleted", "file"),
        "mode": ("modified", "file"),
        "folder": ("deleted", "directory"),
        "kept/three": ("deleted", "file"),
        "cache": ("created", "directory"),
        "cache/models": ("created", "directory"),
        "link": ("created", "symlink"),
    }
    assert seen["/home/me/folder"].entries == 2
    assert seen["/home/me/link"].target == "/etc/shadow"
    new = seen["/home/me/new"]
    digest = hashlib.sha256(b"hello").hexdigest()
    assert (new.bytes, new.sha256, new.content, new.complete) == (5, digest, digest, True)
    assert (tree / "keep" / digest).read_bytes() == b"hello"


def test_a_fresh_tree_was_empty(tree):
    (tree / "upper" / "file").write_text("x")
    fresh = Tree("/tmp", str(tree / "upper"), "")
    (seen,) = changes([fresh], tree / "keep")
    assert (seen.path, seen.change) == ("/tmp/file", "created")


def test_things_that_are_no_files_are_only_described(tree):
    upper = tree / "upper"
    os.mkfifo(upper / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(upper / "socket"))
    (upper / "loop").symlink_to("loop")
    (upper / "outside").symlink_to(tree / "lower")
    (tree / "lower" / "secret").write_text("not ours to copy")
    seen = found(tree)
    assert {path.removeprefix("/home/me/"): each.type for path, each in seen.items()} == {
        "fifo": "fifo", "socket": "socket", "loop": "symlink", "outside": "symlink",
    }  # fmt: skip
    assert all(each.content == "" for each in seen.values())
    assert list((tree / "keep").iterdir()) == []


def test_attributes_are_told_and_make_a_change(tree):
    (tree / "lower" / "noted").write_text("same")
    (tree / "lower" / "plain").write_text("same")

    def work():
        os.setxattr("noted", "user.note", b"hidden")
        os.chmod("plain", os.stat("plain").st_mode)

    act(tree, work)
    seen = found(tree)
    assert seen["/home/me/noted"].attributes == (("user.note", b"hidden".hex()),)
    assert "/home/me/plain" not in seen


def test_a_link_in_place_of_a_file(tree):
    (tree / "lower" / "name").write_text("x")
    (tree / "upper" / "name").symlink_to("/etc/passwd")
    seen = found(tree)["/home/me/name"]
    assert (seen.change, seen.type, seen.content) == ("modified", "symlink", "")


def test_contents_are_capped_one_by_one_and_in_all(tree):
    for name in "abc":
        (tree / "upper" / name).write_bytes(name.encode() * 1000)
    seen = found(tree, cap_each=600, cap_total=1500)
    kept = sorted((tree / "keep" / each.content).stat().st_size for each in seen.values())
    assert kept == [300, 600, 600]
    assert [each.complete for each in seen.values()] == [False] * 3
    assert seen["/home/me/a"].sha256 == hashlib.sha256(b"a" * 1000).hexdigest()


def test_a_huge_sparse_file_takes_no_time(tree):
    with open(tree / "upper" / "model", "wb") as file:
        file.write(b"GGUF")
        file.truncate(1 << 40)
    seen = found(tree, cap_each=1024)["/home/me/model"]
    assert (seen.bytes, seen.sha256, seen.complete) == (1 << 40, "", False)
    assert (tree / "keep" / seen.content).read_bytes() == b"GGUF" + bytes(1020)


def test_names_that_are_no_text(tree):
    with open(os.fsencode(tree / "upper") + b"/\xff", "w"):
        pass
    assert list(found(tree)) == ["/home/me/\\xff"]


def test_modes_hide_nothing_and_are_put_back(tree):
    """Meaningful for an ordinary user; root reads everything anyway."""
    folder = tree / "upper" / "closed"
    folder.mkdir()
    (folder / "file").write_text("hidden")
    (folder / "file").chmod(0)
    folder.chmod(0)
    seen = found(tree)
    assert seen["/home/me/closed/file"].sha256 == hashlib.sha256(b"hidden").hexdigest()
    assert seen["/home/me/closed/file"].mode == 0
    assert folder.stat().st_mode & 0o777 == 0
    folder.chmod(0o700)
    assert (folder / "file").stat().st_mode & 0o777 == 0


def test_what_we_planted_is_left_out_but_not_what_is_below(tree):
    (tree / "upper" / "ours").mkdir()
    (tree / "upper" / "ours" / "theirs").write_text("x")
    assert list(found(tree, ignore=frozenset({"/home/me/ours"}))) == ["/home/me/ours/theirs"]


def test_later_changes_are_told_apart(tree):
    upper = tree / "upper"
    (upper / "early").write_text("app")
    (upper / "both").write_text("app")
    before = listing([layer(tree)])
    (upper / "both").write_text("app and reference")
    (upper / "late").write_text("reference")
    seen = found(tree, before=before, role="reference")
    assert {path: each.role for path, each in seen.items()} == {
        "/home/me/both": "reference", "/home/me/late": "reference",
    }  # fmt: skip


def test_deep_and_wide_trees_are_bounded(tree, monkeypatch):
    monkeypatch.setattr(overlay, "MAX_ENTRIES", 50)
    handle = os.open(tree / "upper", os.O_PATH)
    for _ in range(3000):  # far beyond PATH_MAX
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_PATH, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    *seen, gap = changes([layer(tree)], tree / "keep")
    assert len(seen) == 50
    assert isinstance(gap, GapNoted)
    assert gap.blinds
    monkeypatch.setattr(overlay, "MAX_ENTRIES", 10_000)
    assert len(found(tree)) > 1000
    os.system(f"rm -rf {tree / 'upper'}")


def test_a_full_disk_is_a_gap(tree, monkeypatch):
    (tree / "upper" / "file").write_text("x")
    (tree / "keep").rmdir()
    seen, gap = changes([layer(tree)], tree / "keep")
    assert (seen.content, seen.sha256) == ("", hashlib.sha256(b"x").hexdigest())
    assert isinstance(gap, GapNoted)
    assert gap.observer == files.OBSERVER
