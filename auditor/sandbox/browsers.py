"""Makes Chromium and its kin trust the run's certificate authority, through an NSS database in the home.

Only possible with `certutil`, and only done where a browser is likely to be started. It costs tens of
milliseconds, which pass while other things are being made. Firefox keeps a database in each profile and is
not covered.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from auditor.sandbox.plan import Layer

DATABASES: Final = (".pki/nssdb", ".local/share/pki/nssdb")
"""Below the home directory: where Chromium looked first, and where it looks since version 146."""
_FILES: Final = ("cert9.db", "key4.db", "pkcs11.txt")
_BROWSERS: Final = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave",
    "brave-browser", "vivaldi", "electron",
)  # fmt: skip
_NICKNAME: Final = "root"
_CERTUTIL_S: Final = 20.0
_TICK_S: Final = 0.0005


def wanted(environ: Mapping[str, str], home: Path) -> bool:
    """Whether a browser may be started, and a database can be made for it."""
    path = environ.get("PATH", "")
    if shutil.which("certutil", path=path) is None:
        return False
    browsers = any(shutil.which(name, path=path) for name in _BROWSERS)
    return browsers or (home / ".cache" / "ms-playwright").is_dir()


def planted_paths(home: str) -> frozenset[str]:
    """Every path that `plant` may make, as the box sees it: none of them is the app's doing."""
    paths: set[str] = set()
    for database in DATABASES:
        folder = Path(home) / database
        paths.update(str(folder / name) for name in _FILES)
        paths.update(str(parent) for parent in (folder, *folder.parents) if parent.is_relative_to(home))
    return frozenset(paths - {home})


class Database:
    """A database that is made in the background: `begin`, `trust`, and then it is `plant`ed.

    What went wrong is raised when it is planted.
    """

    def __init__(self, scratch: Path) -> None:
        """Below the box's scratch directory, which need not be there yet."""
        self._scratch = scratch
        self.folder = scratch / "nss"
        self._running: subprocess.Popen[bytes] | None = None
        self._problem = ""

    def begin(self) -> None:
        """Let an empty one be made, as soon as there is a place for it."""
        until = time.monotonic() + _CERTUTIL_S
        while not self._scratch.is_dir() and time.monotonic() < until:
            time.sleep(_TICK_S)
        self.folder.mkdir(mode=0o700)
        self._start("-N", "--empty-password")

    def trust(self, certificate_pem: bytes) -> None:
        """Let it trust an authority."""
        certificate = self.folder / "authority.pem"
        certificate.write_bytes(certificate_pem)
        self.wait()
        if not self._problem:
            self._start("-A", "-n", _NICKNAME, "-t", "C,,", "-i", str(certificate))

    def _start(self, *arguments: str) -> None:
        self._running = subprocess.Popen(
            ["certutil", *arguments, "-d", f"sql:{self.folder}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def wait(self) -> str:
        """Wait for what was begun; returns what went wrong, empty for nothing."""
        running, self._running = self._running, None
        if running is not None:
            try:
                status = running.wait(_CERTUTIL_S)
            except subprocess.TimeoutExpired:
                running.kill()
                status = running.wait()
            self._problem = self._problem or (f"certutil ended with {status}" if status else "")
        return self._problem


def plant(layers: Iterable[Layer], home: str, database: Database, owner: tuple[int, int]) -> None:
    """Put a database into the recorded layer of the home directory.

    Args:
        layers: The writable trees; nothing happens when none holds the home.
        home: As the box sees it.
        database: One that was told whom to trust.
        owner: Ids of the app's user.

    Raises:
        OSError: `certutil` failed or the disk is full.
    """
    problem = database.wait()
    if problem:
        raise OSError(problem)
    upper = _upper_of(layers, home)
    if upper is None:
        return
    for place in DATABASES:
        _make_folders(upper, Path(home), Path(place), owner)
        for name in _FILES:
            made = Path(shutil.copy(database.folder / name, upper / place / name))
            os.chown(made, *owner)


def _upper_of(layers: Iterable[Layer], home: str) -> Path | None:
    for layer in layers:
        if Path(home).is_relative_to(layer.mount):
            return Path(layer.upper) / Path(home).relative_to(layer.mount)
    return None


def _make_folders(upper: Path, lower: Path, below: Path, owner: tuple[int, int]) -> None:
    """Make `upper/below`; folders that exist in the home keep the mode that they have there."""
    for part in reversed((below, *below.parents)):
        path = upper / part
        if path.exists():
            continue
        path.mkdir(parents=True)
        path.chmod((lower / part).stat().st_mode & 0o7777 if (lower / part).is_dir() else 0o700)
        os.chown(path, *owner)
