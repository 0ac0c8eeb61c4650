"""The control program by itself, on the loopback of a namespace of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.record import control
from auditor.record import control_program

PROGRAM = Path(control_program.__file__)


def results(*arguments: str) -> dict[str, tuple[bool, str]]:
    """What it says of each channel, run without any network at all."""
    if not shutil.which("unshare"):
        pytest.skip("util-linux is missing")
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", sys.executable, "-I", "-S", PROGRAM, *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "unshare failed" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["channel"]: (each["ok"], each["detail"]) for each in said}


def test_it_knows_every_channel_that_is_asked_of_it():
    assert set(control.CHANNELS) == set(control_program.CHANNELS)
    assert set(control.OFFLINE_CHANNELS) < set(control.CHANNELS)


@pytest.mark.box
def test_a_channel_that_fails_says_why_and_the_next_is_tried():
    token = "c0ffee"
    said = results(*(f"{channel}={token}" for channel in control.CHANNELS))
    Path(f"/tmp/{token}.txt").unlink()
    assert list(said) == list(control.CHANNELS)
    assert said["file"] == (True, "")
    failed = {channel: detail for channel, (ok, detail) in said.items() if not ok}
    assert {"dns", "tcp", "ipv6", "udp", "http", "https"} <= set(failed)
    assert "Network is unreachable" in failed["tcp"]


def test_it_imports_nothing_but_the_standard_library():
    imported = [
        line.split()[1] for line in PROGRAM.read_text().splitlines() if line.startswith(("import ", "from "))
    ]
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
