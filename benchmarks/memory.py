"""How much memory does the supervisor need while 1 GiB goes up, and 1 GiB comes down?

Not how fast: that is the proxy's business, and `https_requests.py`'s.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import harness

QUESTION = "memory: peak of the supervisor while 1 GiB passes over HTTPS"
GIB = 1 << 30
_RECORDER = Path(__file__).with_name("memory_recorder.py")
_UPLOAD = """
import http.client, ssl
piece = bytes(1 << 20)
connection = http.client.HTTPSConnection("files.example.com", context=ssl.create_default_context())
connection.request("POST", "/upload", (piece for _ in range(1024)), {"Content-Length": str(1 << 30)})
assert connection.getresponse().status == 200
"""
_DOWNLOAD = """
import ssl, urllib.request
with urllib.request.urlopen("https://files.example.com/big", context=ssl.create_default_context()) as answer:
    taken = sum(len(piece) for piece in iter(lambda: answer.read(1 << 20), b""))
assert taken == 1 << 30, taken
"""


def _peak_mib(client: str) -> float:
    """Highest resident size of the recording process, in MiB (VmHWM, proc_pid_status(5))."""
    with harness.folder() as parent:
        out = parent / "run"
        argv = [sys.executable, str(_RECORDER), str(out), sys.executable, "-c", client]
        with subprocess.Popen(argv, env=harness.ENVIRONMENT, cwd=parent, stderr=subprocess.PIPE) as program:
            peak = 0
            while program.poll() is None:
                with contextlib.suppress(OSError, StopIteration):
                    peak = max(peak, _high_water(program.pid))
                time.sleep(0.05)
            said = program.stderr.read().decode() if program.stderr else ""
        log = (out / "app.log").read_text() if (out / "app.log").exists() else ""
        if program.returncode or log:
            raise SystemExit(f"the transfer failed:\n{said}{log}")
    return peak / 1024


def _high_water(pid: int) -> int:
    with Path(f"/proc/{pid}/status").open() as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def measure() -> harness.Figures:
    """One transfer each way."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return [
        harness.Figure(name="peak during 1 GiB up", value=_peak_mib(_UPLOAD), unit="MiB", at_most=200),
        harness.Figure(name="peak during 1 GiB down", value=_peak_mib(_DOWNLOAD), unit="MiB", at_most=200),
    ]


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
