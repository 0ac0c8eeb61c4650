"""Makes Chromium and its kin trust the run's certificate authority, through an NSS database in the home.

Only possible with `certutil`, and only done where a browser is likely to be started: it costs tens of
milliseconds. Firefox keeps a database in each profile and is not covered.
"""

from __future__ import annotations

import os
import shutil
import subprocess
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


def plant(layers: Iterable[Layer], home: str, certificate: Path, owner: tuple[int, int]) -> None:
    """Put a database that trusts `certificate` into the recorded layer of the home directory.

    Args:
        layers: The writable trees; nothing happens when none holds the home.
        home: As the box sees it.
        certificate: PEM file.
        owner: Ids of the app's user.

    Raises:
        OSError: `certutil` failed or the disk is full.
    """
    upper = _upper_of(layers, home)
    if upper is None:
        return
    for database in DATABASES:
        _make_folders(upper, Path(home), Path(database), owner)
    first = upper / DATABASES[0]
    _certutil("-N", "--empty-password", "-d", f"sql:{first}")
    _certutil("-A", "-d", f"sql:{first}", "-n", _NICKNAME, "-t", "C,,", "-i", str(certificate))
    for database in DATABASES[1:]:
        for name in _FILES:
            shutil.copy(first / name, upper / database / name)
    for database in DATABASES:
        for name in _FILES:
            os.chown(upper / database / name, *owner)


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


def _certutil(*arguments: str) -> None:
    try:
        subprocess.run(["certutil", *arguments], check=True, capture_output=True, timeout=20)
    except subprocess.SubprocessError as error:
        raise OSError(f"certutil failed: {error}") from error
