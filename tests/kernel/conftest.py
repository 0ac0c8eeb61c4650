"""Runs code in namespaces of its own, so that no test changes the machine's network or mounts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
REFUSED = 77
_PRELUDE = """
import os, socket, sys
from pathlib import Path
from auditor.kernel import netlink, nftables, syscalls
uid, gid = os.geteuid(), os.getegid()
try:
    if uid:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", name).write_text(text)
    syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWNS)
except OSError as error:
    sys.exit(print(error) or 77)
syscalls.make_private()
"""


@pytest.fixture
def alone(tmp_path: Path) -> Callable[[str], str]:
    """Runs a program with network and mounts of its own and every capability over them; returns its output."""

    def run(source: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _PRELUDE + source],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == REFUSED:
            pytest.skip(f"no namespaces here: {done.stdout.strip()}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
