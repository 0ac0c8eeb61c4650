"""Does the packet capture keep up with the box's wire at full speed?

The proxy is left out, since it is slower than the wire: a plain sink reads at the gateway.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import harness

from auditor.capture.packets import PacketCapture
from auditor.capture.packets import Tap
from auditor.evidence.journal import Journal
from auditor.evidence.journal import read
from auditor.internet.ca import make_ca
from auditor.model.observation import PacketsCounted
from auditor.sandbox.box import Box
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box
from auditor.sandbox.prepare import write_files

QUESTION = "packets: dropped by the capture at full speed"
_SENDER = """
import json, socket, time
piece, sent, began = bytes(1 << 18), 0, time.monotonic()
with socket.create_connection(("198.51.100.1", 5001)) as wire:
    while time.monotonic() - began < 4:
        wire.sendall(piece)
        sent += len(piece)
took = time.monotonic() - began
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.connect(("198.51.100.1", 7000))
small, began = 0, time.monotonic()
while time.monotonic() - began < 2:
    wire.send(b"x" * 60)
    small += 1
print(json.dumps({"bulk": sent / took / 1e9, "small": small / 2 / 1e3}))
"""


def _sink(listener: socket.socket) -> int:
    """A process of its own that reads one connection to its end."""
    pid = os.fork()
    if pid == 0:
        connection, _ = listener.accept()
        room = bytearray(1 << 20)
        while connection.recv_into(room):
            pass
        os._exit(0)
    return pid


def _send(box: Box) -> dict[str, float]:
    program = box.spawn([sys.executable, "-c", _SENDER], role="app")
    said = b""
    while not said.endswith(b"\n"):
        said += os.read(program.output, 65536)
    program.close()
    speeds: dict[str, float] = json.loads(said)
    return speeds


def measure() -> harness.Figures:
    """One burst of bulk TCP, then one of small datagrams, through a real box."""
    plan = plan_box(Wishes(command=[sys.executable], scratch=scratch_directory()))
    box = Box.build(plan, hand_over=lambda _role: None)
    sink = _sink(box.sockets["tcp4"])
    with harness.folder() as folder:
        tap = Tap(name="eth0", packet_socket=box.sockets["packets_gateway"])
        capture = PacketCapture.fork(folder / "packets.pcapng", [tap])
        journal = Journal(folder / "events.jsonl")
        pump = threading.Thread(target=capture.pump, args=(journal,))
        pump.start()
        try:
            authority = make_ca()
            write_files(plan, authority.certificate_pem, authority.subject)
            box.furnish()
            speeds = _send(box)
        finally:
            capture.stop()
            pump.join()
            journal.close()
            os.kill(sink, signal.SIGKILL)
            os.waitpid(sink, 0)
            box.close()
        counted = _counted(folder / "events.jsonl")
    return [
        harness.Figure(name="bulk TCP over the wire", value=speeds["bulk"], unit="GB/s"),
        harness.Figure(name="datagrams of 60 bytes", value=speeds["small"], unit="k/s"),
        harness.Figure(name="frames captured", value=counted.captured),
        harness.Figure(name="frames dropped", value=counted.dropped, at_most=0),
    ]


def _counted(journal: Path) -> PacketsCounted:
    return next(entry.what for entry in read(journal) if isinstance(entry.what, PacketsCounted))


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
