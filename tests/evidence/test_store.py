from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.evidence import store


def test_a_new_directory_is_ours_alone(tmp_path):
    directory = store.create(tmp_path / "a" / "b")
    assert {path.name: path.stat().st_mode & 0o777 for path in directory.root.iterdir()} == {
        "bodies": 0o700,
        "files": 0o700,
    }
    assert directory.root.stat().st_mode & 0o777 == 0o700


def test_an_empty_one_is_taken_and_closed_to_others(tmp_path):
    (tmp_path / "run").mkdir(mode=0o755)
    assert store.create(tmp_path / "run").root.stat().st_mode & 0o777 == 0o700


def test_one_with_something_in_it_is_not_taken(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "x").touch()
    with pytest.raises(UsageError, match="is not empty") as caught:
        store.create(tmp_path / "run")
    assert "--out" in caught.value.fix


@pytest.mark.parametrize("name", ["file/run", "file", "x" * 300])
def test_one_that_cannot_be_made(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made") as caught:
        store.create(tmp_path / name)
    assert "--out" in caught.value.fix


def test_only_a_folder_with_a_journal_is_a_run(tmp_path):
    with pytest.raises(UsageError, match="no run directory"):
        store.open_run(tmp_path)
    (tmp_path / "events.jsonl").touch()
    assert store.open_run(tmp_path).root == tmp_path


def test_sealing_writes_the_manifest_last_and_whole(directory):
    assert not directory.sealed
    store.seal(directory, {"id": "x", "host": {"kernel": "6"}})
    assert directory.sealed
    manifest = json.loads(directory.manifest.read_text())
    assert (manifest["schema_version"], manifest["id"], manifest["host"]) == (
        store.SCHEMA_VERSION,
        "x",
        {"kernel": "6"},
    )
    assert set(manifest["sha256"]) == {*store.RAW_FILES, "bodies/b1", "files/f1"}
    assert not list(directory.root.glob("*.part"))


def test_what_is_derived_is_not_sealed(directory):
    store.seal(directory, {})
    directory.result.write_text("made again")
    directory.report.write_text("<html>")
    assert store.verify(directory) == ()


@pytest.mark.parametrize("name", [*store.RAW_FILES, "bodies/b1", "files/f1"])
def test_every_change_is_found(directory, name):
    store.seal(directory, {})
    path = directory.root / name
    original = path.read_bytes()
    path.write_bytes(original + b".")
    assert store.verify(directory) == (name,)
    path.unlink()
    assert store.verify(directory) == (name,)
    path.write_bytes(original)
    assert store.verify(directory) == ()


def test_what_was_added_is_found(directory):
    store.seal(directory, {})
    (directory.files / "deep").mkdir()
    (directory.files / "deep" / "new").touch()
    (directory.bodies / "b2").touch()
    assert store.verify(directory) == ("bodies/b2", "files/deep/new")


def test_links_are_not_followed(directory, tmp_path):
    (tmp_path / "secret").write_text("x")
    (directory.files / "link").symlink_to(tmp_path / "secret")
    store.seal(directory, {})
    assert "files/link" not in json.loads(directory.manifest.read_text())["sha256"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": 5}', '{"sha256": {"a": 1}}', "{"])
def test_a_manifest_that_cannot_be_read_is_a_value_error(directory, text):
    directory.manifest.write_text(text)
    with pytest.raises(ValueError, match=r"run\.json"):
        store.verify(directory)


def test_a_manifest_that_cannot_be_written_leaves_the_run_unsealed(directory):
    directory.manifest.with_suffix(".part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        store.seal(directory, {})
    assert not directory.sealed


def test_digests_are_those_of_the_whole_file(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert (
        store.sha256_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    with pytest.raises(OSError, match="No such file"):
        store.sha256_of(tmp_path / "y")


def test_names_are_part_of_the_contract():
    run = store.RunDirectory(Path("/r"))
    assert {os.path.basename(str(getattr(run, name))) for name in (
        "events", "packets", "tls_keys", "bodies", "files", "app_log", "manifest", "result", "report",
    )} == {
        "events.jsonl", "packets.pcapng", "tls.keys", "bodies", "files", "app.log", "run.json", "result.json",
        "report.html",
    }  # fmt: skip
