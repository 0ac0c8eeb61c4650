"""A builder of synthetic run directories, written with the real journal and body store."""

from __future__ import annotations

import hashlib
import json
import runpy
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from types import SimpleNamespace

import pytest

from auditor.evidence import store
from auditor.evidence.bodies import BodyStore
from auditor.evidence.journal import Journal
from auditor.model import observation as o
from auditor.parse import pcapng

made = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("frames.py"))))
"""Makers of frames."""
PYTHON = "/usr/bin/python3.11"
BOX = "192.168.77.23"
GATEWAY = "192.168.77.1"


@dataclass
class RunBuilder:
    """Writes observations with sensible defaults; time moves on by itself."""

    directory: store.RunDirectory
    journal: Journal
    bodies: BodyStore
    clock: float = 0.0
    cookies: int = 100
    flows: int = 0
    ports: int = 40000
    exchanges: dict[str, int] = field(default_factory=dict)

    def write(self, what: o.Observation, observer: str = "test") -> o.Entry:
        self.clock += 0.01
        return self.journal.write(observer, what, at=self.journal.zero + self.clock)

    def phase(self, name: str) -> None:
        self.clock += 0.01
        self.journal._phases.append((self.journal.zero + self.clock, name))
        self.write(o.PhaseBegan(name=name), "record")

    def open(self, **changes) -> None:
        values = {
            "id": "20261121T000000Z-app-0001", "started": "2026-11-21T00:00:00Z", "command": ("app",),
            "mode": "sinkhole", "driver": "argv", "tool_version": "0.1.0", "assurance": "full",
            "home": "/home/bado47",
        }  # fmt: skip
        self.write(o.RunOpened(**{**values, **changes}), "record")
        self.phase("start")

    def canary(self, value: str, kind: str = "prompt", id_: str = "prompt-1") -> str:
        self.write(o.CanaryPlanted(id=id_, canary=kind, value=value, planted_in=id_))
        return value

    def process(
        self, key: str, parent: str = "", executable: str = PYTHON, role: str = "app", **changes
    ) -> str:
        pid = int(key.partition(".")[0])
        values = {
            "key": key, "pid": pid, "parent": parent, "session": pid, "executable": executable,
            "argv": (executable,), "cwd": "/", "event": "exec", "role": role,
        }  # fmt: skip
        self.write(o.ProcessSeen(**{**values, **changes}), "sockets")
        return key

    def call(self, process: str, address: str, port: int, **changes) -> o.Entry:
        values = {
            "call": "connect", "process": process, "cookie": 0, "family": "inet", "type": "stream",
            "protocol": 6, "address": address, "port": port, "role": "app",
        }  # fmt: skip
        return self.write(o.SocketCall(**{**values, **changes}), "sockets")

    def lookup(self, process: str, name: str, *answers: str, role: str = "app", **changes) -> o.Entry:
        self.cookies += 1
        self.call(process, GATEWAY, 53, cookie=self.cookies, type="dgram", role=role)
        values = {
            "transport": "udp", "client_ip": BOX, "client_port": 50000, "server_ip": GATEWAY, "server_port": 53,
            "name": name, "type": "A", "rcode": "NOERROR", "answers": answers, "cookie": self.cookies, "inode": 1,
        }  # fmt: skip
        return self.write(o.DnsQuery(**{**values, **changes}), "resolver")

    def flow(
        self, process: str = "", ip: str = "198.18.0.5", port: int = 443, *, role: str = "app", **changes
    ) -> str:
        """Open a flow; with a process, its connect is seen too."""
        self.flows += 1
        self.cookies += 1
        self.ports += 1
        if process:
            self.call(process, ip, port, cookie=self.cookies, role=role)
        values = {
            "flow": f"f{self.flows}", "transport": "tcp", "client_ip": BOX, "client_port": self.ports, "ip": ip,
            "port": port, "cookie": self.cookies if process else 0, "inode": 0,
        }  # fmt: skip
        self.write(o.FlowOpened(**{**values, **changes}), "proxy")
        return f"f{self.flows}"

    def close(self, flow: str, protocol: str = "https", bytes_out: int = 100, bytes_in: int = 50) -> None:
        self.write(
            o.FlowClosed(flow=flow, protocol=protocol, bytes_out=bytes_out, bytes_in=bytes_in), "proxy"
        )

    def tls(self, flow: str, sni: str = "", *, established: bool = True, failed: str = "") -> None:
        self.write(o.TlsHello(flow=flow, sni=sni, alpn=("h2",), ja4="t13d1516h2_x_y"), "proxy")
        if established:
            self.write(o.TlsEstablished(flow=flow, version="TLSv1.3", alpn="", cipher=""), "proxy")
        if failed:
            self.write(o.TlsFailed(flow=flow, reason=failed), "proxy")

    def request(
        self,
        flow: str,
        url: str,
        body: bytes | dict = b"",
        method: str = "POST",
        headers: tuple = (),
        answer: bytes = b"",
        served_by: str = "default",
    ) -> str:
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        self.exchanges[flow] = self.exchanges.get(flow, 0) + 1
        exchange = f"{flow}.{self.exchanges[flow]}"
        self.write(o.HttpRequest(flow=flow, exchange=exchange, method=method, url=url, version="HTTP/1.1",
                                 headers=headers), "proxy")  # fmt: skip
        self.body(exchange, "out", body)
        self.write(o.HttpResponse(exchange=exchange, status=200, headers=(), served_by=served_by), "proxy")
        self.body(exchange, "in", answer)
        return exchange

    def body(self, exchange: str, direction: str, data: bytes) -> None:
        stored = self.bodies.put(data)
        self.write(o.HttpBody(exchange=exchange, direction=direction, bytes=stored.bytes, kept=stored.kept,
                              sha256=stored.sha256, body=stored.name, complete=True), "proxy")  # fmt: skip

    def stream(self, flow: str, data: bytes, direction: str = "out") -> None:
        stored = self.bodies.put(data)
        self.write(o.StreamData(flow=flow, direction=direction, bytes=stored.bytes, kept=stored.kept,
                                sha256=stored.sha256, body=stored.name), "proxy")  # fmt: skip

    def file(self, path: str, data: bytes, role: str = "app", change: str = "created", **changes) -> None:
        name = hashlib.sha256(data).hexdigest() if data else ""
        if name:
            (self.directory.files / name).write_bytes(data)
        self.write(o.FileChanged(path=path, change=change, bytes=len(data), type="file", mode=0o100600, mtime=0.0,
                                 sha256=name, content=name, complete=True, role=role, **changes), "files")  # fmt: skip

    def packets(self, captured: int = 10, dropped: int = 0) -> None:
        """A count, and a capture with as many frames if there is none yet."""
        if not self.directory.packets.exists():
            self.capture(*[made.arp(BOX, GATEWAY)] * captured)
        self.write(
            o.PacketsCounted(interface="gw0", captured=captured, dropped=dropped, bytes=1000), "packets"
        )

    def capture(self, *frames: bytes, interface: str = "gw0", snap: int = 1 << 18) -> None:
        """A packet capture with these frames, taken now."""
        now = int((time.time() - (time.monotonic() - self.journal.zero) + self.clock) * 1e9)
        data = pcapng.section() + pcapng.interface(interface)
        data += b"".join(pcapng.packet(0, now, frame[:snap], len(frame)) for frame in frames)
        self.directory.packets.write_bytes(data)

    def prompt(self, text: str = "hello", answer: str | None = "hello", role: str = "app", **changes) -> None:
        self.write(o.PromptSent(role=role, index=1, text=text, canary="prompt-1"), "driver")
        if answer is not None:
            values = {
                "role": role, "index": 1, "text": answer, "contains_marker": True, "contains_expected": None,
                "vouched": False, "seconds": 0.5,
            }  # fmt: skip
            self.write(o.AnswerReceived(**{**values, **changes}), "driver")

    def seal(self) -> store.RunDirectory:
        self.write(o.RunEnded(app_status="exit 0"), "record")
        self.journal.close()
        store.seal(self.directory, {})
        return self.directory

    def leave(self) -> store.RunDirectory:
        """As after a crash: no manifest."""
        self.journal.close()
        return self.directory


made.builder = RunBuilder


@pytest.fixture(scope="session")
def frames() -> SimpleNamespace:
    """Makers of frames: `frames.udp(source, port, destination, port, payload)` and the like."""
    return made


@pytest.fixture
def blank(tmp_path: Path) -> RunBuilder:
    """A run directory with nothing in it."""
    directory = store.create(tmp_path / "run")
    builder = RunBuilder(directory, Journal(directory.events), BodyStore(directory.bodies))
    yield builder
    builder.journal.close()


@pytest.fixture
def run(blank: RunBuilder) -> RunBuilder:
    """A run that was opened, with the app's first process."""
    blank.open()
    blank.process("10.1")
    return blank
