"""Reads what a program prints: into `app.log` up to a cap, and the last part into memory.

Not a judge of it: drivers look for answers in it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import BinaryIO
from typing import Final

from auditor.kernel.ready import readable

LOG_CAP: Final = 64 << 20
MEMORY_CAP: Final = 4 << 20
_REST_BYTES = 64 << 10
_REST_S = 0.002


class Output:
    """One program's output, drained by a thread so that the program never blocks on us."""

    def __init__(self, descriptor: int, log: BinaryIO | None, on_change: Callable[[], None]) -> None:
        """Start reading `descriptor`, which stays the caller's to close."""
        self._descriptor = descriptor
        self._log = log
        self._on_change = on_change
        self._memory = bytearray()
        self._forgotten = 0
        self._lock = threading.Lock()
        self.total = 0
        """Bytes printed so far."""
        self.log_error: OSError | None = None
        self._stop, self._stop_write = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._drain, name="output", daemon=True)
        self._thread.start()

    def since(self, offset: int) -> bytes:
        """What was printed after the first `offset` bytes, as far as it is still in memory."""
        with self._lock:
            return bytes(self._memory[max(0, offset - self._forgotten) :])

    @property
    def unlogged(self) -> int:
        """Bytes that the log has no room for."""
        return max(0, self.total - LOG_CAP)

    def finish(self, timeout_s: float = 2.0) -> None:
        """Read what is left, then stop."""
        self._thread.join(0.05)
        os.write(self._stop_write, b"x")
        self._thread.join(timeout_s)
        for descriptor in (self._stop, self._stop_write):
            os.close(descriptor)

    def _drain(self) -> None:
        stopping = False
        unrested = 0
        while True:
            ready = readable(self._descriptor, self._stop, timeout_s=0 if stopping else None)
            stopping = stopping or self._stop in ready
            if self._descriptor not in ready:
                if stopping:
                    return
                continue
            try:
                chunk = os.read(self._descriptor, 65536)
            except OSError:  # EIO: the last process that had the terminal is gone
                return
            if not chunk:
                return
            self._keep(chunk)
            unrested += len(chunk)
            if unrested >= _REST_BYTES:  # a flood, read 4 KiB at a time, would starve the proxy
                unrested = 0
                time.sleep(_REST_S)

    def _keep(self, chunk: bytes) -> None:
        with self._lock:
            if self._log is not None and self.total < LOG_CAP and self.log_error is None:
                try:
                    self._log.write(chunk[: LOG_CAP - self.total])
                except OSError as error:
                    self.log_error = error
            self.total += len(chunk)
            self._memory += chunk
            excess = len(self._memory) - MEMORY_CAP
            if excess > 0:
                del self._memory[:excess]
                self._forgotten += excess
        self._on_change()
