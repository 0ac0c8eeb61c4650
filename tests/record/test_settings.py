from __future__ import annotations

import os
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from auditor.cli.options import record_options
from auditor.cli.options import settings_from
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


def parsed(*words: str):
    """The settings that a command line asks for."""
    taken = []

    @click.command()
    @record_options
    def command(**given) -> None:
        taken.append(settings_from(given))

    result = CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert taken, result.output
    return taken[0]


def test_every_option_is_told_so_that_the_run_can_be_repeated(tmp_path):
    model = tmp_path / "tiny.gguf"
    model.write_bytes(b"")
    words = [
        "--mode=offline", "--driver=manual", "--allow=a.example.org=telemetry", "--allow=*.b.example.org",
        "--publish=7860:8000", "--url=http://127.0.0.1:1/v1", "--prompt=a {canary}", "--prompt=b",
        "--expect=yes, so", "--accept-unproven-answer", "--idle=0.5", "--settle=7", "--ready=90", "--answer=9",
        "--timeout=30", f"--writable={tmp_path}", "--paired=24", "--paired-error=0.01", "--probe-tls", "--document", "--no-gpu", "--no-honey",
        "--no-reference", f"--reference-model={model}",
    ]  # fmt: skip
    every = {option.opts[0] for option in click.Command("x", params=_parameters()).params}
    told = {word.partition("=")[0] for word in words}
    assert every - told == {"--out", "--api-key", "command"}
    assert sorted(parsed(*words, "--", "true").options) == sorted(words)
    assert parsed("true").options == ()


def _parameters() -> list[click.Parameter]:
    return list(record_options(lambda: None).__click_params__)


def test_the_key_is_taken_out_of_the_environment_and_never_told(monkeypatch):
    monkeypatch.setenv("AUDIT_API_KEY", "sk-hidden-1")
    settings = parsed("true")
    assert settings.api_key == "sk-hidden-1"
    assert "AUDIT_API_KEY" not in os.environ
    assert "sk-hidden" not in repr(settings) + "".join(settings.options)
