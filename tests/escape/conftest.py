"""Stand-ins for the host's services, bound outside of the box, and audits of programs that try to get out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@dataclass
class Services:
    """Sockets and pipes of the host; whatever arrives in them got out of the box."""

    folders: list[Path] = field(default_factory=list)
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    pipes: dict[str, int] = field(default_factory=dict)

    def folder(self, parent: str) -> Path:
        """A fresh folder below `parent`."""
        self.folders.append(Path(tempfile.mkdtemp(dir=parent, prefix=".esc-")))
        return self.folders[-1]

    def listen(self, path: str, kind: int = socket.SOCK_STREAM) -> str:
        """Bind a socket; an abstract one when the path begins with a NUL."""
        made = socket.socket(socket.AF_UNIX, kind)
        if not path.startswith("\0"):
            self._make(Path(path).parent)
        made.bind(path)
        if kind == socket.SOCK_STREAM:
            made.listen()
        made.settimeout(0)
        self.sockets[path] = made
        return path

    def _make(self, folder: Path) -> None:
        if not folder.exists():
            self._make(folder.parent)
            folder.mkdir()
            self.folders.append(folder)

    def pipe(self, path: str) -> str:
        os.mkfifo(path)
        self.pipes[path] = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        return path

    def received(self) -> list[str]:
        """Names of those that something arrived in."""
        return [path for path, door in self.sockets.items() if _arrived(door)] + [
            path for path, descriptor in self.pipes.items() if os.read(descriptor, 99)
        ]

    def close(self) -> None:
        for path, made in self.sockets.items():
            made.close()
            if not path.startswith("\0"):
                Path(path).unlink(missing_ok=True)
        for path, descriptor in self.pipes.items():
            os.close(descriptor)
            Path(path).unlink()
        for folder in reversed(self.folders):
            shutil.rmtree(folder)


def _arrived(door: socket.socket) -> bool:
    try:
        if door.type == socket.SOCK_STREAM:
            door.accept()[0].close()
        else:
            door.recv(99)
    except BlockingIOError:
        return False
    return True


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    made = Services()
    yield made
    made.close()


@dataclass(frozen=True)
class Intrusion:
    """An audited intruder."""

    ended: Any
    outcomes: dict[str, dict[str, Any]]
    """By name of the attempt."""
    services: Services

    @property
    def attempts(self) -> set[tuple[str, str]]:
        """(call, detail) of each that the report lists."""
        return {(each["call"], each["detail"]) for each in self.ended.result["attempts"]}


@pytest.fixture(scope="module")
def intrude(audit, services, tmp_path_factory) -> Callable[..., Intrusion]:
    """Audit the intruder with some targets; `meanwhile` is called once it runs, before its first attempt."""

    def intrude(meanwhile: Callable[[], None] | None = None, **targets: Any) -> Intrusion:
        home = tmp_path_factory.mktemp("home")
        given = {
            "sockets": [], "datagrams": [], "pipes": [], "pid": os.getpid(), "secret": "pytest", "sleep": 0,
            "set_user_id": shutil.which("su") or "", **targets,
        }  # fmt: skip
        running = audit.start(
            "run", "--out", "{run}", "--driver", "none", "--idle", 0.5, "--settle", 0.5, "--no-reference",
            "--", sys.executable, "-B", HERE / "intruder.py", json.dumps(given).replace("{RUN}", "{run}"),
            HOME=str(home),
        )  # fmt: skip
        if meanwhile is not None:
            running.wait_for("starting the app")
            meanwhile()
        ended = running.end()
        lines = (ended.run / "app.log").read_text(errors="replace").splitlines()
        outcomes = {
            said["name"]: said for line in lines if line.startswith("{") and (said := json.loads(line))
        }
        assert "all" in outcomes, lines[-5:]
        return Intrusion(ended, outcomes, services)

    return intrude
