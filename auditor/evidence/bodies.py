"""Bodies by content: written once as they stream by, hashed whole, kept up to a cap.

Not a cache: nothing is ever read back while recording.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SMALL = 64 * 1024
"""Bodies up to this size never touch a temporary file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A body that has been written down."""

    bytes: int
    """True length."""
    kept: int
    """How many of them are on disk."""
    sha256: str
    """Of all of them, hex; empty for an empty body."""
    name: str
    """File name under `bodies/`, empty for an empty body or one that could not be written."""


NOTHING = Stored(bytes=0, kept=0, sha256="", name="")


class BodyStore:
    """The `bodies/` folder of one run directory."""

    def __init__(self, folder: Path, *, cap_each: int = 64 << 20, cap_total: int = 2 << 30) -> None:
        """Use `folder`, which exists, for bodies of at most `cap_each` kept bytes."""
        self.folder = folder
        self.cap_each = cap_each
        self._left = cap_total
        self.truncated = 0
        """Bodies of which a part was not kept."""
        self.failed: OSError | None = None
        """The first write error."""

    def put(self, data: bytes) -> Stored:
        """Store a body that is already in memory."""
        writer = self.writer()
        writer.write(data)
        return writer.finish()

    def writer(self) -> BodyWriter:
        """Start a body that arrives in pieces."""
        return BodyWriter(self)

    def take(self, wanted: int) -> int:
        """Reserve up to `wanted` bytes of the total cap."""
        granted = min(wanted, self._left)
        self._left -= granted
        return granted


class BodyWriter:
    """One body on its way to disk."""

    def __init__(self, store: BodyStore) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self._temporary = ""
        self.bytes = 0
        self.kept = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes; those beyond the cap are hashed and counted but not kept."""
        self.bytes += len(chunk)
        self._hash.update(chunk)
        room = min(len(chunk), self._store.cap_each - self.kept)
        room = self._store.take(room) if room > 0 else 0
        if room <= 0 or self._store.failed is not None:
            return
        try:
            self._keep(chunk[:room])
        except OSError as error:
            self._store.failed = error

    def _keep(self, chunk: bytes) -> None:
        if self._file is None and len(self._memory) + len(chunk) <= SMALL:
            self._memory += chunk
        else:
            if self._file is None:
                handle, self._temporary = tempfile.mkstemp(dir=self._store.folder, prefix=".part-")
                self._file = os.fdopen(handle, "wb")
                self._file.write(self._memory)
                self._memory.clear()
            self._file.write(chunk)
        self.kept += len(chunk)

    def finish(self) -> Stored:
        """Give the body its name; nothing may be written afterwards."""
        if not self.bytes:
            return NOTHING
        if self.kept < self.bytes:
            self._store.truncated += 1
        digest = self._hash.hexdigest()
        name = digest if self.kept else ""
        try:
            if name:
                self._settle(self._store.folder / name)
        except OSError as error:
            self._store.failed = self._store.failed or error
            name = ""
        return Stored(bytes=self.bytes, kept=self.kept, sha256=digest, name=name)

    def _settle(self, target: Path) -> None:
        if self._file is not None:
            self._file.close()
            Path(self._temporary).replace(target)
        elif not target.exists():
            target.write_bytes(self._memory)
