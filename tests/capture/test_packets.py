from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time

import pytest

from auditor.capture.packets import TCP_SNAP
from auditor.capture.packets import CaptureFile
from auditor.capture.packets import PacketCapture
from auditor.capture.packets import Tap
from auditor.evidence.journal import Journal
from auditor.evidence.journal import read as read_journal
from auditor.kernel import syscalls
from auditor.model.observation import GapNoted
from auditor.model.observation import PacketsCounted
from auditor.parse.packet import dissect
from auditor.parse.pcapng import read

ETH_P_ALL = 3


@pytest.fixture
def namespace(fresh_namespaces):
    """A function that runs another one in a namespace where `lo` is tapped; gives the tap's socket."""
    made = []

    def start(work, *arguments):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
                _enter_and_work(fresh_namespaces, theirs, work, arguments)
            os._exit(0)
        theirs.close()
        _, (handle,), _, _ = socket.recv_fds(ours, 10, 1)
        made.append((pid, ours))
        return socket.socket(fileno=handle), ours

    yield start
    for pid, end in made:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        end.close()


def _enter_and_work(enter, end, work, arguments):
    enter()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as tap:
        tap.bind(("lo", ETH_P_ALL))
        socket.send_fds(end, [b"t"], [tap.fileno()])
    end.recv(1)
    work(*arguments)
    end.send(b"done")
    end.recv(1)


class Recording:
    def __init__(self, folder, tap, **options):
        self.path = folder / "packets.pcapng"
        self.journal = Journal(folder / "events.jsonl")
        self.capture = PacketCapture.fork(
            self.path, [Tap(name="lo", packet_socket=tap, loopback=True, **options.pop("tap", {}))], **options
        )
        self.capture.await_rings()
        tap.close()
        self.thread = threading.Thread(target=self.capture.pump, args=(self.journal,))
        self.thread.start()

    def finish(self):
        self.capture.stop()
        self.thread.join(10)
        self.journal.close()
        return [each.what for each in read_journal(self.journal.path)]

    def packets(self):
        with self.path.open("rb") as file:
            return [(each, dissect(each.data, each.original)) for each in read(file)]


def _talk():
    server = socket.create_server(("127.0.0.1", 8080))
    client = socket.create_connection(("127.0.0.1", 8080))
    end, _ = server.accept()
    client.sendall(b"t" * 5000)
    while len(end.recv(5000, socket.MSG_WAITALL)) < 5000:
        pass
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"u" * 3000, ("::1", 99))


@pytest.mark.box
def test_frames_once_each_tcp_cut_the_rest_whole(namespace, tmp_path):
    tap, end = namespace(_talk)
    recording = Recording(tmp_path, tap)
    before = time.time_ns()
    end.send(b"g")
    assert end.recv(10) == b"done"
    (counts,) = recording.finish()
    packets = recording.packets()
    assert (recording.path.stat().st_mode & 0o777) == 0o600
    assert counts == PacketsCounted(
        interface="lo", captured=len(packets), dropped=0, bytes=sum(raw.original for raw, _ in packets)
    )
    sent = [(raw, p) for raw, p in packets if p.transport == "tcp" and p.destination_port == 8080]
    assert sum(p.flags == 2 for _, p in sent) == 1
    assert sum(p.payload_bytes for _, p in sent) == 5000
    assert max(len(raw.data) for raw, p in packets if p.transport == "tcp") == TCP_SNAP
    (datagram,) = [p for _, p in packets if p.transport == "udp"]
    assert datagram.payload == b"u" * 3000
    assert "icmpv6" in {p.transport for _, p in packets}
    assert all(before <= raw.time_ns <= time.time_ns() for raw, _ in packets)


def _flood(count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for number in range(count):
            datagrams.sendto(b"%06d" % number + bytes(1000), ("127.0.0.1", 99))


@pytest.mark.box
def test_at_its_limit_it_only_counts(namespace, tmp_path):
    tap, end = namespace(_flood, 2000)
    recording = Recording(tmp_path, tap, max_file=1 << 20)
    end.send(b"g")
    assert end.recv(10) == b"done"
    gap, counts = recording.finish()
    assert isinstance(gap, GapNoted)
    assert gap.blinds
    assert "limit" in gap.text
    assert counts.captured >= 2000
    assert recording.path.stat().st_size <= 1 << 20
    assert 0 < len(recording.packets()) < counts.captured


def _bulk():
    server = socket.create_server(("127.0.0.1", 8080))
    if os.fork() == 0:
        client = socket.create_connection(("127.0.0.1", 8080))
        data = bytes(1 << 20)
        for _ in range(1024):
            client.sendall(data)
        os._exit(0)
    end, _ = server.accept()
    buffer = bytearray(1 << 20)
    while end.recv_into(buffer):
        pass


@pytest.mark.box
def test_a_gibibyte_drops_nothing(namespace, tmp_path):
    tap, end = namespace(_bulk)
    recording = Recording(tmp_path, tap)
    began = time.monotonic()
    end.send(b"g")
    assert end.recv(10) == b"done"
    seconds = time.monotonic() - began
    (counts,) = recording.finish()
    print(f"{1.073 / seconds:.2f} GB/s, {counts}")
    assert counts.dropped == 0
    assert counts.bytes > 1 << 30


def test_a_full_disk_leaves_whole_blocks(tmp_path, monkeypatch):
    file = CaptureFile(tmp_path / "p", [], 1 << 20)
    size = (tmp_path / "p").stat().st_size
    written = os.write

    def full(handle, data):
        if len(data) > 100:
            return written(handle, data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    file.write(b"x" * 150)
    monkeypatch.undo()
    file.write(b"y")
    file.close()
    assert "No space" in file.stopped
    assert (tmp_path / "p").stat().st_size == size


def test_an_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "p").write_bytes(b"evidence")
    with pytest.raises(FileExistsError):
        PacketCapture.fork(tmp_path / "p", [])


def test_a_socket_that_is_no_packet_socket_is_an_error(tmp_path):
    with socket.socket() as wrong:
        capture = PacketCapture.fork(tmp_path / "p", [Tap(name="x", packet_socket=wrong)])
    with pytest.raises(OSError, match="ring"):
        capture.await_rings()
