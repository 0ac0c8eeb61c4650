"""The run directory: its file names, making a new one, sealing it, opening an old one.

Not the meaning of what is inside: that is the journal's and, later, `auditor.classify`'s.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from auditor.errors import UsageError

SCHEMA_VERSION = "1"
RAW_FILES = ("events.jsonl", "packets.pcapng", "tls.keys", "app.log")
"""Raw evidence at the top of a run directory; `bodies/` and `files/` are raw too."""


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Paths inside one run directory."""

    root: Path

    @property
    def events(self) -> Path:
        """The journal."""
        return self.root / "events.jsonl"

    @property
    def packets(self) -> Path:
        """Every frame of both interfaces."""
        return self.root / "packets.pcapng"

    @property
    def tls_keys(self) -> Path:
        """Session secrets in key-log format (RFC 9850)."""
        return self.root / "tls.keys"

    @property
    def bodies(self) -> Path:
        """Bodies by content."""
        return self.root / "bodies"

    @property
    def files(self) -> Path:
        """Contents of files that the app wrote."""
        return self.root / "files"

    @property
    def app_log(self) -> Path:
        """What the app printed."""
        return self.root / "app.log"

    @property
    def manifest(self) -> Path:
        """Written last; its absence marks an unsealed run."""
        return self.root / "run.json"

    @property
    def result(self) -> Path:
        """Derived."""
        return self.root / "result.json"

    @property
    def report(self) -> Path:
        """Derived."""
        return self.root / "report.html"

    @property
    def sealed(self) -> bool:
        """True when the recording ended by itself."""
        return self.manifest.exists()


def create(root: Path) -> RunDirectory:
    """Make a new run directory, mode 0700.

    Raises:
        UsageError: it exists with something in it, or cannot be made.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise UsageError(
                f"The run directory {root} is not empty.", fix="Name another with --out, or remove it."
            )
        root.chmod(0o700)
        for folder in ("bodies", "files"):
            (root / folder).mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(
            f"The run directory {root} cannot be made: {error.strerror}.",
            fix="Name a folder that you may write with --out DIR.",
        ) from error
    return RunDirectory(root)


def open_run(root: Path) -> RunDirectory:
    """Open an existing run directory, sealed or not.

    Raises:
        UsageError: there is no journal in it.
    """
    directory = RunDirectory(root)
    if not directory.events.is_file():
        raise UsageError(
            f"{root} is no run directory: it holds no events.jsonl.",
            fix="Give the folder that `audit run` or `audit record` printed.",
        )
    return directory


def seal(directory: RunDirectory, facts: dict[str, Any]) -> None:
    """Write the manifest: `facts` plus the sha256 of every raw file.

    Raises:
        OSError: the disk is full or gone; the run stays unsealed.
    """
    digests = {
        str(path.relative_to(directory.root)): sha256_of(path) for path in sorted(_raw_files(directory))
    }
    document = {"schema_version": SCHEMA_VERSION, **facts, "sha256": digests}
    temporary = directory.manifest.with_suffix(".part")
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    temporary.replace(directory.manifest)


def verify(directory: RunDirectory) -> tuple[str, ...]:
    """Names of raw files that differ from the manifest, are missing or were added.

    Raises:
        ValueError: the manifest is not readable.
    """
    try:
        manifest = msgspec.json.decode(directory.manifest.read_bytes(), type=dict[str, Any])
        expected = msgspec.convert(manifest["sha256"], dict[str, str])
    except (msgspec.MsgspecError, KeyError) as error:
        raise ValueError(f"{directory.manifest}: {error}") from error
    found = {str(path.relative_to(directory.root)): path for path in _raw_files(directory)}
    changed = [name for name, path in found.items() if expected.get(name) != sha256_of(path)]
    missing = [name for name in expected if name not in found]
    return tuple(sorted(changed + missing))


def _raw_files(directory: RunDirectory) -> list[Path]:
    top = [directory.root / name for name in RAW_FILES]
    nested = [path for folder in (directory.bodies, directory.files) for path in folder.rglob("*")]
    return [path for path in top + nested if path.is_file() and not path.is_symlink()]


def sha256_of(path: Path) -> str:
    """Digest of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
