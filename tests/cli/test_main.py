from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from auditor import __version__
from auditor.cli import main
from auditor.cli import run_command_line
from auditor.errors import BoxUnavailable
from auditor.errors import Interrupted
from auditor.errors import RecordingFailed
from auditor.errors import UsageError

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def failing(monkeypatch):
    """Make the command `fail` end with an exception."""

    def set_up(error: BaseException) -> int:
        @click.command(name="fail")
        def fail() -> None:
            raise error

        monkeypatch.setitem(main.audit.commands, "fail", fail)
        return run_command_line(["fail"])

    return set_up


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("Wrong.", fix="Do it right."), 2),
        (BoxUnavailable("No box.", fix="Do it right."), 3),
        (RecordingFailed("Full.", fix="Do it right."), 3),
    ],
)
def test_a_known_error_is_one_sentence_with_its_fix(failing, capsys, error, code):
    assert failing(error) == code
    assert capsys.readouterr().err == f"audit: {error.what} Do it right.\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "audit: Interrupted.\n"),
        (click.Abort(), 130, "audit: Interrupted.\n"),
        (Interrupted(signal.SIGTERM), 143, "audit: Ended by SIGTERM.\n"),
        (Interrupted(signal.SIGHUP), 129, "audit: Ended by SIGHUP.\n"),
    ],
)
def test_a_signal_is_its_number_and_128(failing, capsys, error, code, said):
    assert failing(error) == code
    assert capsys.readouterr().err.lstrip("\n") == said  # Ctrl-C leaves the cursor after its `^C`


def test_a_bug_is_a_file_and_no_traceback(failing, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert failing(ZeroDivisionError("by zero")) == 70
    said = capsys.readouterr().err
    (file,) = tmp_path.iterdir()
    assert said == f"audit: This is a bug in audit: by zero. Please report it with the file {file}.\n"
    report = file.read_text()
    assert __version__ in report
    assert "ZeroDivisionError: by zero" in report
    assert file.stat().st_mode & 0o077 == 0


def test_help_and_version(capsys):
    assert run_command_line(["--version"]) == 0
    assert capsys.readouterr().out == f"audit {__version__}\n"
    for option in ("-h", "--help"):
        assert run_command_line([option]) == 0
    said = capsys.readouterr().out
    assert "audit run -- python chat.py" in said
    assert (
        "Exit codes: 0 pass, 1 a finding at or above --fail-on, 2 wrong usage, 3 inconclusive, 70 a bug"
        in said
    )


@pytest.mark.parametrize(
    "command", ["run", "record", "judge", "report", "doctor", "rules", "explain", "schema"]
)
def test_every_command_explains_itself(capsys, command):
    assert run_command_line([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: audit {command}")
    assert len(said.splitlines()) > 4


@pytest.mark.parametrize("command", ["run", "record"])
def test_every_option_is_explained(capsys, command):
    run_command_line([command, "--help"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    options = [line for line in lines if line.startswith("-")]
    assert {"--mode", "--allow", "--driver", "--publish", "--url", "--prompt", "--expect", "--out"} <= {
        line.split()[0] for line in options
    }
    for line in options:
        assert len(line.split("  ")) > 1 or lines[lines.index(line) + 1], line


BAD = {
    "no command at all": ([], "Usage: audit"),
    "an unknown command": (["runn"], "No such command 'runn'"),
    "nothing to run": (["run"], "Missing argument 'COMMAND"),
    "an unknown option": (["run", "--drivr", "argv", "--", "true"], "No such option"),
    "a mode": (["run", "--mode", "wild", "--", "true"], "'wild' is not one of"),
    "a driver": (["run", "--driver", "x", "--", "true"], "'x' is not one of"),
    "a severity": (["run", "--fail-on", "x", "--", "true"], "'x' is not one of"),
    "no number": (["run", "--idle", "x", "--", "true"], "'x' is not a valid float"),
    "a negative number": (["run", "--settle", "-1", "--", "true"], "not in the range"),
    "no time at all": (["run", "--timeout", "0", "--", "true"], "not in the range"),
    "no number either": (["run", "--idle", "nan", "--", "true"], "--idle"),
    "a host": (["run", "--allow", "http://x", "--", "true"], "is not HOST or HOST=PURPOSE"),
    "a purpose": (["run", "--allow", "x.example=fun", "--", "true"], "is not HOST or HOST=PURPOSE"),
    "a port": (["run", "--publish", "99999", "--", "true"], "is not PORT or PORT:HOSTPORT"),
    "an address": (["run", "--url", "gopher://x", "--", "true"], "no URL of a local server"),
    "a format": (["run", "--format", "pdf", "--", "true"], "--format 'pdf' is unknown"),
    "two for one screen": (
        ["run", "--format", "json", "--format", "html", "--", "true"],
        "Only one --format",
    ),
    "a folder of rules": (["run", "--rules", "/no/such", "--", "true"], "does not exist"),
    "a folder to write": (["run", "--writable", "/no/such", "--", "true"], "does not exist"),
    "a model": (["run", "--reference-model", "/no/such", "--", "true"], "does not exist"),
    "a model that is none": (["run", "--reference-model", __file__, "--", "true"], "is no GGUF file"),
    "a driver without place": (["run", "--driver", "argv", "--", "true"], "needs {prompt}"),
    "a place without driver": (["run", "--driver", "stdin", "--", "echo", "{prompt}"], "not with stdin"),
    "a program": (["run", "--", "no-such-program"], "'no-such-program' was not found"),
    "a run to judge": (["judge", "/no/such"], "is no run directory"),
    "a run to report": (["report", "/tmp"], "is no run directory"),
    "a rule": (["rules", "show", "XYZ999"], "There is no rule XYZ999"),
    "a rule to explain": (["explain", "XYZ999"], "There is no rule XYZ999"),
    "rules to check": (["rules", "check", "/no/such"], "The folder holds no rules"),
    "a document": (["schema", "x"], "'x' is not"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_usage_is_2_with_a_sentence_and_makes_nothing(name, capsys, tmp_path, monkeypatch):
    words, message = BAD[name]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run_command_line(words) == 2
    captured = capsys.readouterr()
    assert message in captured.err + captured.out
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []


def test_output_that_nobody_reads_any_more_is_no_bug():
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", "schema", "result"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    ) as process:  # fmt: skip
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE
