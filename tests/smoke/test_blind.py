"""Records that are lost on their way make a run inconclusive: the account of the wire notices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.box

HERE = Path(__file__).parent
APPS = HERE.parents[1] / "fixtures" / "apps"
APP = ("--", sys.executable, "-B", "quiet_argv.py", "{prompt}")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("no-flows", "belong to nothing that was recorded: TCP to"),
        ("no-bodies", "our own control was not seen on:"),
        ("few-packets", "The packet file holds"),
    ],
)
def test_a_blind_recording_proves_nothing(audit, tmp_path, kind, reason):
    options = ("run", "--out", tmp_path / "run", "--settle", "0.5", "--no-reference")
    ended = subprocess.run(
        [sys.executable, HERE / "blinded.py", kind, *options, *APP],
        cwd=APPS, env=audit.environment(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip
    if "The box cannot be built" in ended.stderr:
        pytest.skip(ended.stderr.splitlines()[-1])
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    # Without flows nothing tells our own packets from the app's; then it may fail, but never pass.
    wanted = {"inconclusive", "fail"} if kind == "no-flows" else {"inconclusive"}
    assert result["verdict"]["outcome"] in wanted, ended.stdout + ended.stderr
    assert ended.returncode == result["verdict"]["exit_code"] != 0
    told = " ".join((*result["verdict"]["reasons"], *result["coverage"]["gaps"]))
    assert reason.lower() in told.lower()
