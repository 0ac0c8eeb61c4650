"""A whole internet on loopback: real sockets, real proxy, and the journal read back."""

from __future__ import annotations

import socket
import ssl
from collections import defaultdict
from pathlib import Path

import pytest

from auditor.evidence.bodies import BodyStore
from auditor.evidence.journal import Journal
from auditor.evidence.journal import read
from auditor.internet.ca import make_ca
from auditor.internet.datagrams import IP_ORIGDSTADDR
from auditor.internet.gateway_sockets import Endpoint
from auditor.internet.gateway_sockets import GatewaySockets
from auditor.internet.gateway_sockets import Identity
from auditor.internet.internet import Internet

OWN_NAMES = {"laptop-7": ("192.168.77.23", "fd77::23")}


class World:
    """One `Internet` on loopback, with what it wrote down."""

    def __init__(self, folder: Path, **options):
        self.folder = folder
        (folder / "bodies").mkdir()
        self.journal = Journal(folder / "events.jsonl")
        self.bodies = BodyStore(folder / "bodies")
        self.ca = options.pop("ca", None) or make_ca()
        self.keylog = folder / "tls.keys"
        self.identified = []
        self.tcp = listening()
        self.udp = bound_udp()
        self.port = self.tcp.getsockname()[1]
        self.udp_port = self.udp.getsockname()[1]
        self.resolvers = options.pop("resolvers", ("127.0.0.1",))
        self.destination = None
        """Set it to play TPROXY: the address that connections seem to be meant for."""
        self.internet = Internet(
            self.journal,
            self.bodies,
            ca=self.ca,
            mode=options.pop("mode", "sinkhole"),
            sockets=GatewaySockets(tcp4=self.tcp, udp4=self.udp),
            reply_socket=self.reply_socket,
            identify=self.identify,
            own_names=OWN_NAMES,
            keylog=self.keylog,
            resolvers=self.resolvers,
            destination=self.original,
            **options,
        )
        self.internet.start()
        self.stopped = False

    def original(self, accepted):
        return self.destination or Endpoint(*accepted.getsockname())

    def identify(self, transport, client, destination):
        self.identified.append((transport, client, destination))
        return Identity(cookie=len(self.identified), inode=7)

    def reply_socket(self, family, local, peer):
        made = socket.socket(family, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(local)
        made.connect(peer)
        return made

    def ready(self):
        assert self.internet.ready(60)
        return self

    def client_context(self, *, alpn=(), trusted=True):
        context = ssl.create_default_context()
        if trusted:
            context.load_verify_locations(cadata=self.ca.certificate_pem.decode())
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def connect(self, *, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def tls(self, host="api.example.com", **options):
        return self.client_context(**options).wrap_socket(self.connect(), server_hostname=host)

    def stop(self, grace_s=2.0):
        """End it and return what was written down, by kind."""
        if not self.stopped:
            self.stopped = True
            self.internet.stop(grace_s)
            self.journal.close()
        seen = defaultdict(list)
        for entry in read(self.folder / "events.jsonl"):
            seen[entry.what.kind].append(entry.what)
        return seen

    def body(self, name):
        return (self.folder / "bodies" / name).read_bytes() if name else b""


def listening():
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("127.0.0.1", 0))
    made.listen(1024)
    return made


def bound_udp():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IP, IP_ORIGDSTADDR, 1)
    made.bind(("127.0.0.1", 0))
    return made


@pytest.fixture
def make_world(tmp_path):
    worlds = []

    def make(**options):
        folder = tmp_path / f"run{len(worlds)}"
        folder.mkdir()
        worlds.append(World(folder, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.stop(0.2)


@pytest.fixture
def world(make_world):
    return make_world().ready()


@pytest.fixture
def exchange():
    """Send, then read until the text came, or the end."""

    def talk(connection, data, *, until=b""):
        connection.sendall(data)
        got = b""
        while not until or until not in got:
            piece = connection.recv(1 << 20)
            if not piece:
                break
            got += piece
        return got

    return talk


@pytest.fixture
def peak_kib():
    def read():
        with open("/proc/self/status") as status:
            return int(next(line for line in status if line.startswith("VmHWM")).split()[1])

    return read
