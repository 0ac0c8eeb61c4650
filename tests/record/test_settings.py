from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.record.settings import check_command
from auditor.record.settings import new_run_id
from auditor.record.settings import runs_folder


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_programs_are_found_by_name_and_by_path(tmp_path, monkeypatch):
    executable(tmp_path / "chat")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("chat", "./chat", str(tmp_path / "chat")):
        check_command((name, "whatever"))


@pytest.mark.parametrize(
    ("name", "message", "fix"),
    [
        ("no-such-program", "was not found", "spelling"),
        ("", "was not found", "spelling"),
        ("./no-such", "There is no program at ./no-such", "path"),
        ("./plain", "is not an executable program", "chmod +x ./plain"),
        ("./folder", "is a directory", "Name the program"),
        ("./dangling", "There is no program", "path"),
    ],
)
def test_what_cannot_be_started_is_told_before_anything_is_made(tmp_path, monkeypatch, name, message, fix):
    (tmp_path / "plain").touch(0o644)
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        check_command((name,))
    assert message in caught.value.what
    assert fix in caught.value.fix


def test_ids_name_the_program_and_sort_by_time():
    one = new_run_id(("/opt/My App/Chat-Server_2.exe", "x"))
    assert re.fullmatch(r"\d{8}T\d{6}Z-chat-server_2exe-[0-9a-f]{4}", one)
    assert re.fullmatch(r"\d{8}T\d{6}Z-app-[0-9a-f]{4}", new_run_id(("/",)))
    assert len(new_run_id(("x" * 300,))) < 60
    assert len({new_run_id(("x",)) for _ in range(20)}) > 15


def test_runs_go_to_the_state_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert os.path.commonpath([runs_folder(), tmp_path]) == str(tmp_path)
