"""Which llama.cpp to run, with which arguments and environment: plans only.

Not the running: the caller starts a plan inside the box, and `auditor.reference.run` talks to it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

SERVER_SCRIPT = Path(__file__).with_name("server.py")
SERVER_PORT = 18_473
"""For `llama-server`, of which older versions cannot choose a free port; the box has them all free."""
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_READY = re.compile(rb"^READY https?://[^\s:]+:(\d{1,5})\s*$", re.MULTILINE)
_VERSION = re.compile(r"version:\s*(\S+(?: \([0-9a-f]+\))?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How to start one engine."""

    name: str
    version: str
    argv: tuple[str, ...]
    env: dict[str, str]
    port: int
    """TCP port on the loopback; 0 when the engine prints it in its `READY` line."""

    def port_in(self, output: bytes) -> int:
        """The port it listens on, 0 as long as its output does not tell."""
        found = _READY.search(output)
        return self.port or (int(found[1]) if found else 0)


def environment(parent: dict[str, str]) -> dict[str, str]:
    """What an engine gets to see.

    `LLAMA_*` and `HF_*` would change what `llama-server` does (its `--help` names a variable beside
    most flags), so only names known to be harmless pass.
    """
    # Without the last, a first start would write `__pycache__` and look as if it kept something.
    return {name: parent[name] for name in _KEPT if name in parent} | {"PYTHONDONTWRITEBYTECODE": "1"}


def packaged(model: Path, parent: dict[str, str]) -> Engine | None:
    """The engine inside the Python package xllamacpp, None when that is not installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    return Engine(
        name="llama.cpp (xllamacpp)",
        version=importlib.metadata.version("xllamacpp"),
        argv=(sys.executable, "-P", str(SERVER_SCRIPT), str(model)),
        env=environment(parent),
        port=0,
    )


def installed(parent: dict[str, str]) -> str | None:
    """Path of the user's own `llama-server`, None when there is none on PATH."""
    return shutil.which("llama-server", path=parent.get("PATH", ""))


_FLAGS: tuple[tuple[tuple[str, ...], tuple[str, ...], bool], ...] = (
    # (spellings, the newest first; its value; the engine is useless without it)
    (("--model",), ("{model}",), True),
    (("--host",), ("127.0.0.1",), True),
    (("--port",), (str(SERVER_PORT),), True),
    (("--ctx-size",), ("1024",), True),
    (("--parallel",), ("1",), False),
    (("--threads",), ("1",), False),
    (("--offline",), (), False),
    (("--no-ui", "--no-webui"), (), False),
    (("--no-slots",), (), False),
    (("--cache-ram",), ("0",), False),
    (("--no-warmup",), (), False),
)


def from_path(
    executable: str, *, model: Path, parent: dict[str, str], help_text: str, version_text: str
) -> Engine | None:
    """The user's own `llama-server`, with the flags that its `--help` lists.

    Returns None when it does not know the flags that matter (another program of the same name).
    """
    argv = [executable]
    for spellings, value, needed in _FLAGS:
        known = next((flag for flag in spellings if _lists(help_text, flag)), None)
        if known is not None:
            argv += [known, *(part.format(model=model) for part in value)]
        elif needed:
            return None
    version = _VERSION.search(version_text)
    return Engine(
        name="llama.cpp (llama-server)",
        version=version[1] if version else "unknown",
        argv=tuple(argv),
        env=environment(parent),
        port=SERVER_PORT,
    )


def _lists(help_text: str, flag: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", help_text) is not None
