"""A stage over plain child processes on the loopback, and small programs to put on it."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from random import Random

import psutil
import pytest

from auditor.drivers.prompts import built_in
from auditor.drivers.stage import Pace

QUICK = Pace(start=0.2, ready=6.0, idle=0.05, answer=3.0, settle=0.3, patience=0.5, quiet=0.15, silence=0.6)


class ProcessStage:
    """`auditor.drivers.stage.Stage` without a box; what the driver did is kept in `log`."""

    def __init__(self, program: str, folder: Path, *, prompts=None, pace=QUICK, url="", api_key=""):
        self.prompts = built_in(Random(7)) if prompts is None else prompts
        self.pace, self.url, self.api_key = pace, url, api_key
        self.published: tuple[tuple[int, int], ...] = ()
        self.prompt_in_command = "{prompt}" in program
        self.said: tuple[bytes, ...] = ()
        self.log: list[tuple] = []
        self._script = folder / "app.py"
        self._program = textwrap.dedent(program)
        self._output = bytearray()
        self._end = time.monotonic() + 30
        self._process: subprocess.Popen | None = None

    def remaining(self):
        return max(0.0, self._end - time.monotonic())

    def begin(self, phase):
        self.log.append(("phase", str(phase)))

    def start_app(self, *, argv_prompt=None, stdin=False):
        self._script.write_text(self._program.replace("{prompt}", argv_prompt.text if argv_prompt else ""))
        self._process = subprocess.Popen(
            [sys.executable, "-u", str(self._script)],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self._reader = threading.Thread(target=self._pump)
        self._reader.start()

    def _pump(self):
        while chunk := self._process.stdout.read(65536):
            self._output += chunk

    def app_running(self):
        return self._process.poll() is None

    def box_alive(self):
        return self.app_running()

    def stdin_wanted(self):
        try:
            call = Path(f"/proc/{self._process.pid}/syscall").read_text().split()
        except OSError:
            return False
        return call[:2] == ["0", "0x0"]  # read(2) of descriptor 0

    def wait(self, seconds, until=None):
        end = time.monotonic() + min(seconds, self.remaining())
        while not (until and until()):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def output(self, since=0):
        return bytes(self._output[since:])

    def write_stdin(self, data):
        self._process.stdin.write(data)

    def close_stdin(self):
        if self._process.stdin:
            self._process.stdin.close()

    def listeners(self):
        try:
            found = psutil.Process(self._process.pid).net_connections("tcp")
        except psutil.Error:
            return ()
        return tuple((c.laddr.ip, c.laddr.port) for c in found if c.status == psutil.CONN_LISTEN)

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port))

    def publish(self, port, host_port):
        if host_port == 1:
            raise PermissionError(13, "Permission denied")
        return host_port or port

    def heard(self):
        return self.said

    def prompt_sent(self, prompt):
        self.log.append(("sent", prompt.index))

    def answer(self, prompt, text, seconds, error=""):
        assert seconds >= 0
        self.log.append(("answer", prompt.index, text, error))

    def say(self, text):
        self.log.append(("say", text))

    def gap(self, text, *, blinds, principle=0):
        assert principle == 0
        self.log.append(("gap", text, blinds))

    def only(self, kind):
        """Entries of one kind, without it."""
        return [entry[1:] for entry in self.log if entry[0] == kind]

    @property
    def phases(self):
        return [name for (name,) in self.only("phase")]

    def stop(self):
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        if self._process.stdin:
            self._process.stdin.close()


@pytest.fixture
def stage(tmp_path):
    """Make a stage for a program; the program is killed after the test."""
    made = []

    def make(program, **options):
        made.append(ProcessStage(program, tmp_path, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop()


SERVER = (Path(__file__).parent / "openai_server.py").read_text()


@pytest.fixture
def openai_server():
    """Text of a program that serves an OpenAI-compatible API on a free fixed port."""

    def make(**behaviour):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        # Below the ports that the kernel chooses from, as real servers are.
        behaviour = {"PORT": 20_000 + port % 10_000} | behaviour
        return SERVER + "".join(f"{name} = {value!r}\n" for name, value in behaviour.items()) + "main()\n"

    return make
