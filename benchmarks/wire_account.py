"""What does it cost to lay every frame of a capture to what it belonged to?

Made here, not recorded: 300,000 frames of 5,000 connections. Beside plain reading of the same file.
"""

from __future__ import annotations

import ipaddress
import struct
import sys
import time
from typing import TYPE_CHECKING

import harness

from auditor.classify import ledger
from auditor.classify.attribution import Attribution
from auditor.classify.contacts import Contacts
from auditor.classify.processes import ProcessTable
from auditor.classify.wire import frames
from auditor.classify.wire import packets
from auditor.classify.wire.known import Wire
from auditor.evidence import journal
from auditor.evidence import store
from auditor.model.observation import FlowClosed
from auditor.model.observation import FlowOpened
from auditor.model.observation import RunOpened
from auditor.model.observation import StreamData
from auditor.parse import pcapng

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUESTION = "account: 300,000 frames laid to what they belonged to"
CONNECTIONS, EACH, PAYLOAD, ROUNDS = 5_000, 60, 190, 3
BOX, FAR, PORT = "192.168.77.23", "198.18.0.5", 443
APP_MAC, GATEWAY_MAC = bytes.fromhex("3cfdfe112233"), bytes.fromhex("3cfdfe000001")
SYN, ACK, FIN = 2, 16, 17


def _frame(port: int, sequence: int, flags: int, size: int, *, arriving: bool) -> bytes:
    ends = (ipaddress.ip_address(BOX).packed, ipaddress.ip_address(FAR).packed)
    ports, macs = (port, PORT), (GATEWAY_MAC, APP_MAC)
    if arriving:
        ends, ports, macs = ends[::-1], ports[::-1], macs[::-1]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + size, 0, 0, 64, 6, 0, *ends)
    segment = struct.pack("!HHIIBBHHH", *ports, sequence, 0, 0x50, flags, 500, 0, 0)
    return b"".join((*macs, b"\x08\x00", head, segment, bytes(size)))


def _connection(number: int) -> Iterator[bytes]:
    """A third of it from the other side, as with an app that sends."""
    port, sequence = 20_000 + number, 1000
    yield _frame(port, sequence, SYN, 0, arriving=False)
    for index in range(EACH - 2):
        arriving = index % 3 == 2
        yield _frame(port, sequence + 1, ACK, 0 if arriving else PAYLOAD, arriving=arriving)
        sequence += 0 if arriving else PAYLOAD
    yield _frame(port, sequence + 1, FIN, 0, arriving=False)


def _sent() -> int:
    return PAYLOAD * sum(index % 3 != 2 for index in range(EACH - 2))


def _recording(root: Path) -> store.RunDirectory:
    directory = store.create(root)
    with directory.packets.open("wb") as file:
        file.write(pcapng.section() + pcapng.interface("eth0"))
        for number in range(CONNECTIONS):
            made = (pcapng.packet(0, time.time_ns(), frame, len(frame)) for frame in _connection(number))
            file.write(b"".join(made))
    book = journal.Journal(directory.events)
    book.write("record", RunOpened(
        id="x", started="", command=("app",), mode="sinkhole", driver="none", tool_version="0",
        assurance="full", gateway_mac=GATEWAY_MAC.hex(":"),
    ))  # fmt: skip
    for number in range(CONNECTIONS):
        flow = f"f{number}"
        book.write("proxy", FlowOpened(
            flow=flow, transport="tcp", client_ip=BOX, client_port=20_000 + number, ip=FAR, port=PORT,
            cookie=0, inode=0,
        ))  # fmt: skip
        book.write("proxy", StreamData(flow=flow, direction="out", bytes=_sent(), kept=0, sha256="", body=""))
        book.write("proxy", FlowClosed(flow=flow, protocol="raw", bytes_out=_sent(), bytes_in=0))
    book.close()
    return directory


def _account(directory: store.RunDirectory, entries: ledger.Ledger, contacts: Contacts) -> float:
    began = time.perf_counter()
    capture = packets.read(directory, Wire(entries))
    books = frames.open_books(capture, entries, contacts.contacts, contacts.questions, {})
    found = frames.frame_ledger(books)
    took = time.perf_counter() - began
    total = found.left.frames + found.arrived.frames
    if (total, found.unaccounted, found.unrecorded_bytes) != (CONNECTIONS * EACH, 0, 0):
        raise RuntimeError(f"the account is wrong: {found}")
    return took


def _read(directory: store.RunDirectory) -> float:
    began = time.perf_counter()
    with directory.packets.open("rb") as file:
        sum(1 for _ in pcapng.read(file))
    return time.perf_counter() - began


def measure() -> harness.Figures:
    """Both in turns; the best of each."""
    with harness.folder() as folder:
        directory = _recording(folder / "run")
        entries = ledger.read(journal.read(directory.events))
        table = ProcessTable(entries)
        contacts = Contacts(entries, table, Attribution(entries, table))
        rounds = [(_account(directory, entries, contacts), _read(directory)) for _ in range(ROUNDS)]
    account, plain = (min(times) for times in zip(*rounds, strict=True))
    return [
        harness.Figure(name="account of 300,000 frames", value=account, unit="s"),
        harness.Figure(name="plain reading of the file", value=plain, unit="s"),
        harness.Figure(name="account / plain reading", value=account / plain, at_most=4),
    ]


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
