"""Every frame of the box's interfaces into `packets.pcapng`, by a process of its own.

Not an analysis, and not the whole of every frame: of TCP only the beginning is kept.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from auditor.capture.ring import Ring
from auditor.capture.ring import frame_filter
from auditor.capture.worker import Outbox
from auditor.capture.worker import Worker
from auditor.model.observation import GapNoted
from auditor.model.observation import PacketsCounted
from auditor.parse import pcapng

if TYPE_CHECKING:
    from auditor.evidence.journal import Journal

OBSERVER: Final = "packets"
TCP_SNAP: Final = 256
"""Bytes kept of a TCP frame: all headers and the beginning of the payload."""
MAX_FILE: Final = 8 << 30
_LAST_FRAMES_S = 0.5
"""For how long frames that the kernel has counted are still waited for at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """One interface to capture."""

    name: str
    """As the app sees it: `eth0`, `lo`."""
    packet_socket: socket.socket
    """AF_PACKET SOCK_RAW for ETH_P_ALL, bound to the interface."""
    blocks: int = 64
    """Mebibytes of ring."""
    loopback: bool = False


class PacketCapture:
    """The supervisor's handle on the capture."""

    def __init__(self, worker: Worker, ready: int) -> None:
        self._worker = worker
        self._ready = ready

    @classmethod
    def fork(cls, path: Path, taps: Sequence[Tap], *, max_file: int = MAX_FILE) -> PacketCapture:
        """Begin to capture into a new file; `await_rings` tells when nothing is missed any more.

        Call it while this process has one thread. The sockets of `taps` may be closed here afterwards.

        Raises:
            OSError: the file exists or cannot be made.
        """
        file = CaptureFile(path, taps, max_file)
        reader, writer = os.pipe()

        def body(outbox: Outbox) -> None:
            rings = [
                Ring(
                    tap.packet_socket, blocks=tap.blocks,
                    code=frame_filter(tcp_snap=TCP_SNAP, loopback=tap.loopback),
                )
                for tap in taps
            ]  # fmt: skip
            os.write(writer, b"+")
            os.close(writer)
            _Capturing(taps, rings, file, outbox).run()

        keep = [file.handle, writer, *(tap.packet_socket.fileno() for tap in taps)]
        worker = Worker.fork(OBSERVER, body, keep=keep)
        file.close()
        os.close(writer)
        return cls(worker, reader)

    def await_rings(self) -> None:
        """Wait until the rings are in place: clearing their memory takes tens of milliseconds.

        Raises:
            OSError: a ring could not be set up; the capture has ended.
        """
        with os.fdopen(self._ready, "rb") as pipe:
            ready = pipe.read(1)
        if not ready:
            self._worker.abandon()
            raise OSError("the packet capture could not set up its ring")

    @property
    def alive(self) -> bool:
        """Whether it still captures."""
        return self._worker.alive

    def pump(self, journal: Journal) -> None:
        """Write its counts and gaps into the journal, in a thread of its own, until it ends."""
        self._worker.pump(journal)

    def stop(self) -> None:
        """Let it write what has arrived and its counts; afterwards wait for the thread that pumps."""
        self._worker.stop()


class CaptureFile:
    """A pcapng file that grows up to a limit and survives a full disk with whole blocks."""

    def __init__(self, path: Path, taps: Sequence[Tap], limit: int) -> None:
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._limit = limit
        self._size = 0
        self.stopped = ""
        """Why nothing is written any more, one sentence; empty while all is well."""
        head = pcapng.section(system="Linux", application="audit")
        for tap in taps:
            head += pcapng.interface(tap.name)
        self.write(head)

    def write(self, data: bytes) -> None:
        """Append whole blocks, or nothing at all for ever after."""
        if self.stopped:
            return
        if self._size + len(data) > self._limit:
            self.stopped = f"The packet file reached its limit of {self._limit} bytes"
            return
        try:
            self._write_all(data)
        except OSError as error:
            os.ftruncate(self.handle, self._size)
            self.stopped = f"The packet file could not be written ({error.strerror})"
        else:
            self._size += len(data)

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.handle, rest) :]

    def close(self) -> None:
        """Close it."""
        os.close(self.handle)


@dataclass(slots=True)
class _Counter:
    captured: int = 0
    bytes: int = 0


class _Capturing:
    """The capture's own loop."""

    def __init__(self, taps: Sequence[Tap], rings: list[Ring], file: CaptureFile, outbox: Outbox) -> None:
        self._taps = taps
        self._rings = rings
        self._file = file
        self._outbox = outbox
        self._counters = [_Counter() for _ in rings]

    def run(self) -> None:
        poll = select.poll()
        numbers = {ring.fileno(): number for number, ring in enumerate(self._rings)}
        for fd in (*numbers, self._outbox.fileno()):
            poll.register(fd, select.POLLIN)
        stopping = False
        while not stopping:
            for fd, event in poll.poll():
                if fd not in numbers:
                    stopping = True
                elif event & select.POLLERR:
                    self._rings[numbers[fd]].clear_error()
                else:
                    self._drain(numbers[fd])
        self._finish()

    def _drain(self, number: int) -> None:
        counter = self._counters[number]
        for frames in self._rings[number].blocks():
            parts: list[bytes] = []
            for time_ns, original, data in frames:
                parts.append(pcapng.packet(number, time_ns, data, original))
                counter.bytes += original
            counter.captured += len(parts)
            self._write(b"".join(parts))

    def _write(self, data: bytes) -> None:
        if self._file.stopped:
            return
        self._file.write(data)
        if self._file.stopped:
            text = f"{self._file.stopped}; later packets were only counted."
            self._outbox.put(GapNoted(observer=OBSERVER, text=text, blinds=True))
            self._outbox.flush()

    def _finish(self) -> None:
        until = time.monotonic() + _LAST_FRAMES_S
        for number, ring in enumerate(self._rings):
            self._drain(number)
            delivered, dropped = ring.counts()
            while self._counters[number].captured < delivered and time.monotonic() < until:
                select.select([ring], [], [], 0.02)
                self._drain(number)
            self._report(number, dropped + max(delivered - self._counters[number].captured, 0))

    def _report(self, number: int, dropped: int) -> None:
        counter, name = self._counters[number], self._taps[number].name
        received = counter.captured + dropped
        self._write(pcapng.statistics(number, time.time_ns(), received=received, dropped=dropped))
        counts = PacketsCounted(
            interface=name, captured=counter.captured, dropped=dropped, bytes=counter.bytes
        )  # fmt: skip
        self._outbox.put(counts)
