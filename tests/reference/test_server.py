"""The server script, driven as the child process that it is."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from auditor.reference.engine import SERVER_SCRIPT
from auditor.reference.model_file import model_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_at_once_when_asked_nothing(number):
    argv = [sys.executable, str(SERVER_SCRIPT), str(model_path())]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as server:
        assert server.stdout.readline().startswith(b"READY http://127.0.0.1:")
        server.send_signal(number)
        assert server.wait(5) == 0
