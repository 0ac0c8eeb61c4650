"""Every place in a run where something planted could turn up: what left, what came back, what was saved.

Not the search: this only says where to look, and what to call it.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.classify.search.budget import Budget
from auditor.classify.search.windows import WINDOW
from auditor.classify.search.windows import windows
from auditor.model.observation import FileChanged
from auditor.model.observation import RunOpened
from auditor.model.observation import TlsHello
from auditor.parse import http_body

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.classify.contacts import Contact
    from auditor.classify.contacts import Question
    from auditor.classify.exchanges import Exchange
    from auditor.classify.ledger import Ledger
    from auditor.evidence.store import RunDirectory
    from auditor.model.flow import Flow
    from auditor.model.observation import HttpBody


PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Some bytes, in memory or in a file, with the name of where they were observed."""

    where: str
    subject: str
    """Id of the flow or look-up, or path of the file."""
    role: str
    data: bytes = b""
    file: Path | None = None
    """Read instead of `data`; may be missing in a recording that was cut short."""
    codings: tuple[str, ...] = ()
    """Content codings that the sender declared, outermost first."""
    exchange: str = ""
    direction: str = "out"

    @property
    def size(self) -> int:
        """Bytes to read; OSError when the file is not there."""
        return self.file.stat().st_size if self.file else len(self.data)

    def pieces(self) -> Iterator[bytes]:
        """The bytes from the beginning, at most `PIECE` at once; OSError when the file is not there."""
        if self.file is None:
            yield self.data
            return
        with self.file.open("rb") as opened:
            while piece := opened.read(PIECE):
                yield piece


def beginning(file: Path, headers: http_body.Headers, size: int) -> bytes:
    """The first `size` decoded bytes of a body, fewer when it is broken, none when it is not there."""
    place = Place(where="", subject="", role="", file=file, codings=http_body.codings(headers))
    try:
        return next((data[:size] for _, data in windows(place.pieces, place.codings, Budget(WINDOW))), b"")
    except OSError:
        return b""


def of_contacts(directory: RunDirectory, ledger: Ledger, contacts: Sequence[Contact]) -> Iterator[Place]:
    """Everything in flows, and in where they went."""
    for contact in contacts:
        flow, role = contact.flow.id, contact.role
        for _, hello in ledger.of_flow(flow, TlsHello):
            yield Place(where="sni", subject=flow, role=role, data=hello.sni.encode())
            yield Place(where="alpn", subject=flow, role=role, data="\n".join(hello.alpn).encode())
            raw = base64.b64decode(hello.raw)
            # The random and the session id, which anything can stand in, lie a byte apart (RFC 8446, 4.1.2).
            joined = raw[2:34] + raw[35 : 35 + raw[34]] if len(raw) > 34 else b""
            yield Place(where="client hello", subject=flow, role=role, data=raw + b"\n" + joined)
        for _, stream in contact.streams:
            if stream.body:
                file = directory.bodies / stream.body
                yield Place(where="stream", subject=flow, role=role, file=file, direction=stream.direction)
        for exchange in contact.exchanges:
            yield from _of_exchange(directory, exchange, flow, role)
    yield from of_destinations(contacts)


def of_destinations(contacts: Iterable[Contact]) -> Iterator[Place]:
    """Addresses, ports and sizes as data: each process can say something by where and how much, in order.

    Addresses that our name server gave for a name say nothing of their own.
    """
    said: dict[tuple[str, str], list[Flow]] = {}
    for contact in contacts:
        said.setdefault((contact.role, contact.flow.process.key or ""), []).append(contact.flow)
    for (role, _), flows in said.items():
        bare = [ipaddress.ip_address(flow.destination.ip) for flow in flows if not flow.destination.domain]
        sizes = [one.bytes_out for flow in flows for one in flow.requests]
        ports = [flow.destination.port for flow in flows]
        for where, data in (
            ("destination address", b"".join(address.packed for address in bare)),
            ("destination ports", b"".join(port.to_bytes(2) for port in ports)),
            ("destination ports", bytes(port & 0xFF for port in ports)),
            ("sizes of requests", bytes(size for size in sizes if 0 < size < 256)),
        ):
            yield Place(where=where, subject=flows[0].id, role=role, data=data)


def of_questions(questions: Iterable[Question]) -> Iterator[Place]:
    """Names that were asked for: as they are, and with the labels joined, as tunnels use them; options."""
    for question in questions:
        name = question.lookup.name.rstrip(".")
        for text in dict.fromkeys((name, name.replace(".", ""))):
            yield Place(where="lookup", subject=question.lookup.id, role=question.role, data=text.encode())
        if question.beside:
            beside = bytes.fromhex(question.beside)
            yield Place(where="lookup options", subject=question.lookup.id, role=question.role, data=beside)


def of_files(directory: RunDirectory, ledger: Ledger) -> Iterator[Place]:
    """Names and contents of what was written to disk.

    Every path below the home directory begins with it, which tells nothing of the app.
    """
    opened = ledger.first(RunOpened)
    home = opened.home if opened else ""
    for _, changed in ledger.all(FileChanged):
        if changed.change == "deleted":
            continue
        name = f"{changed.path.removeprefix(home)}\n{changed.target.removeprefix(home)}"
        data = name.encode("utf-8", "surrogateescape")
        yield Place(where="file name", subject=changed.path, role=changed.role, data=data)
        if changed.attributes:
            values = (b"%b=%b" % (name.encode(), bytes.fromhex(value)) for name, value in changed.attributes)
            data = b"\n".join(values)
            yield Place(where="file attribute", subject=changed.path, role=changed.role, data=data)
        if changed.content:
            file = directory.files / changed.content
            yield Place(where="file", subject=changed.path, role=changed.role, file=file)


def _of_exchange(directory: RunDirectory, exchange: Exchange, flow: str, role: str) -> Iterator[Place]:
    id_ = exchange.request.exchange

    def place(where: str, data: bytes, direction: str = "out") -> Place:
        return Place(where=where, subject=flow, role=role, data=data, exchange=id_, direction=direction)

    yield place("method", exchange.request.method.encode())
    yield place("url", exchange.request.url.encode())
    # Of names, all together: one alone says where it is, and what it says is in the excerpt.
    yield place("header names", "\n".join(name for name, _ in exchange.request.headers).encode())
    yield from (place(f"header {name.lower()}", value.encode()) for name, value in exchange.request.headers)
    for name, value in exchange.response_headers:
        yield place(f"response header {name.lower()}", value.encode(), "in")
    for body in exchange.bodies:
        yield from (
            place(f"trailer {name.lower()}", value.encode(), body.direction) for name, value in body.trailers
        )
        yield from _of_body(directory, exchange, body, flow, role)
    for _, message in exchange.messages:
        if message.body:
            yield Place(
                where="websocket message", subject=flow, role=role, exchange=id_,
                file=directory.bodies / message.body, direction=message.direction,
            )  # fmt: skip


def _of_body(
    directory: RunDirectory, exchange: Exchange, body: HttpBody, flow: str, role: str
) -> Iterator[Place]:
    if not body.body:
        return
    out = body.direction == "out"
    headers = exchange.request.headers if out else exchange.response_headers
    yield Place(
        where="request body" if out else "response body",
        subject=flow,
        role=role,
        file=directory.bodies / body.body,
        codings=http_body.codings(headers),
        exchange=body.exchange,
        direction=body.direction,
    )
