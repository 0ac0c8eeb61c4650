"""The table of fuzz targets: what to call, with what to begin, and what it may refuse its input with.

A new parser of hostile input is one more row here.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import io
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor import openai_api
from auditor.capture import calls
from auditor.capture import wire
from auditor.classify import hosts
from auditor.classify import purpose
from auditor.classify.case import classify
from auditor.classify.search import budget
from auditor.classify.search import excerpt
from auditor.classify.search import unfold
from auditor.classify.search.engine import Searcher
from auditor.classify.search.forms import Form
from auditor.evidence import journal
from auditor.evidence.store import open_run
from auditor.internet import dialogues
from auditor.internet import doh
from auditor.internet import sniff
from auditor.internet import stun
from auditor.internet import timeserver
from auditor.internet.datagrams import Conversation
from auditor.internet.gateway_sockets import Endpoint
from auditor.internet.gateway_sockets import Identity
from auditor.internet.resolver import Resolver
from auditor.internet.services.contract import Request
from auditor.judge import ruleset
from auditor.judge.engine import judge
from auditor.judge.policy import Policy
from auditor.judge.ruleset import RuleSet
from auditor.kernel import notify
from auditor.kernel.netlink import RouteSocket
from auditor.kernel.sockdiag import SockDiag
from auditor.parse import bases
from auditor.parse import client_hello
from auditor.parse import dns
from auditor.parse import encodings
from auditor.parse import h2_frames
from auditor.parse import http_body
from auditor.parse import packet
from auditor.parse import pcapng
from auditor.parse import quic
from auditor.parse import text
from auditor.parse import web_answer
from auditor.parse.ja4 import ja4
from auditor.report import text as readable
from auditor.report.console import render_console
from auditor.report.html import render_html
from auditor.report.result import build_result
from auditor.report.result import encode_result
from auditor.sandbox import layout
from fuzzing import seeds


@dataclass(frozen=True, slots=True)
class Target:
    """One parser, or several that read the same bytes."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...] = (ValueError,)
    """Exceptions that its documentation names; empty for what reads anything."""
    slow_s: float = 2.0
    """A single input may take no longer, even on a loaded machine."""


def _client_hello(data: bytes) -> None:
    hello = client_hello.read(data)
    client_hello.server_name(hello)
    client_hello.protocols(hello)
    assert len(ja4(hello)) == 36


def _quic(data: bytes) -> None:
    reader = quic.InitialReader()
    try:
        reader.feed(data)
    finally:
        assert len(reader.message) <= quic.MAX_CRYPTO + 4


def _quic_frames(data: bytes) -> None:
    reader = quic.InitialReader()
    with contextlib.suppress(ValueError):
        reader._frames(data)  # what stands below the encryption, which bent bytes never pass
    if reader.message:
        _client_hello(reader.message)


def _dns(data: bytes) -> None:
    message = dns.parse(data)
    for each in message.answers:
        dns.data_text(each)
    for each in message.questions:
        with contextlib.suppress(ValueError):
            dns.reverse_address(each.name)
        dns.type_name(each.type)
    with contextlib.suppress(ValueError):  # a name may be longer in text than a message can hold
        dns.encode(message)


def _resolver(data: bytes) -> None:
    answered = Resolver({"box": ("192.168.77.23",)}).respond(data)
    dns.parse(answered.wire)


def _pcapng(data: bytes) -> None:
    for captured in pcapng.read(io.BytesIO(data)):
        with contextlib.suppress(ValueError):
            packet.dissect(captured.data, captured.original)


def _packet(data: bytes) -> None:
    one = packet.dissect(data, len(data))
    packet.direction(one, {bytes(4)})
    assert len(one.five_tuple) == 5
    assert one.payload_bytes >= len(one.payload)
    hosts.scope(one.destination_ip)


def _http_body(data: bytes) -> None:
    headers = (
        ("Content-Type", data[:80].decode("latin-1")),
        ("content-encoding", data[80:200].decode("latin-1")),
    )
    http_body.codings(headers)
    http_body.media_type(headers)
    http_body.field_names(data)
    http_body.form_values(data)
    http_body.part_spans(data)


def _inflate(data: bytes) -> None:
    for coding in encodings.CODINGS:
        with contextlib.suppress(ValueError):
            out, _ = encodings.inflate_some(coding, data, 1 << 20)
            assert len(out) <= 1 << 20


def _text(data: bytes) -> None:
    for read in (
        text.strings,
        text.percent,
        text.backslash,
        text.entities,
        text.quoted_printable,
        text.utf16,
        text.printable,
    ):
        read(data)


def _web_answer(data: bytes) -> None:
    """What a server of the app's sends to the browser of whoever uses it, and to our driver."""
    web_answer.texts(data)
    openai_api.error_text(data, 500)
    for text_of in (openai_api._message_of, openai_api._delta_of):
        with contextlib.suppress(openai_api.ApiError):
            openai_api._reply(openai_api._decoded(data), text_of)


def _bases(data: bytes) -> None:
    for read in (bases.hexadecimal, bases.spaced_hexadecimal, bases.base85):
        list(read(data))
    for read_tokens in (bases.base32, bases.base58, bases.base64):
        list(read_tokens(bases.tokens(data, set())))


@functools.cache
def _searcher() -> Searcher:
    return Searcher(
        [
            Form(canary="c", encoding=(), pattern=b"kestrel-48213"),
            Form(canary="h", encoding=(), pattern=b"box-7", whole_word=True),
        ]
    )


def _unfold(data: bytes) -> None:
    left = budget.budget_for(len(data))
    left.left = min(left.left, 1 << 20)  # the limits are the same, only reached sooner
    for node in unfold.unfold(data, left):
        for hit in _searcher().find(node.data):
            excerpt.excerpt(node.data, hit.start, hit.end)


def _excerpt(data: bytes) -> None:
    middle = len(data) // 2
    shown = excerpt.excerpt(data, middle, min(middle + 13, len(data)))
    assert shown.count("[[") == 1 or "[[" not in shown
    readable.marked(shown)
    excerpt.redact(data.decode("utf-8", "replace"))


def _sock_diag(data: bytes) -> None:
    diag = SockDiag(_Replies(data))  # type: ignore[arg-type]
    diag._sequence = 0
    for ask in (lambda: diag.find("tcp", ("192.0.2.1", 1), ("192.0.2.2", 2)), lambda: list(diag.listening())):
        with contextlib.suppress(OSError):
            ask()


class _Replies:
    """A netlink socket whose kernel says what we like, and then nothing more."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def settimeout(self, _: float) -> None: ...

    def send(self, _: bytes) -> None: ...

    def recv(self, size: int) -> bytes:
        data, self._data = self._data[:size], b""
        if not data:
            raise TimeoutError
        return data


def _netlink(data: bytes) -> None:
    route = RouteSocket.__new__(RouteSocket)
    route._socket, route._sequence = _Replies(data), 0  # type: ignore[assignment]
    with contextlib.suppress(OSError):
        route.up(1)


def _notification(data: bytes) -> None:
    numbers = [int.from_bytes(data[at : at + 8].ljust(8, b"\0"), "little") for at in range(0, 64, 8)]
    call = notify.Notification(
        1, os.getpid(), numbers[0] & 0xFFFF, numbers[1] & 0xFFFFFFFF, tuple(numbers[2:8])
    )
    known = notify.lookup(call)
    notify.refusal(call, known)
    if known.name in ("execve", "execveat"):
        calls.argv(call, known.name)


def _socket_address(data: bytes) -> None:
    memory = ctypes.create_string_buffer(data, max(len(data), 1))
    calls.address(os.getpid(), ctypes.addressof(memory), len(data))


def _journal(data: bytes) -> None:
    line = data.split(b"\n", 1)[0]
    entry = journal.decode(line)
    journal.encode(entry)


def _wire(data: bytes) -> None:
    at, what = wire.unpack(data)
    wire.pack(at, what)


def _dialogue(kind: str) -> Callable[[bytes], None]:
    made = next(
        each
        for each in (*dialogues.SERVER_FIRST.values(), *(cls for _, cls in dialogues.CLIENT_FIRST))
        if each.protocol == kind
    )

    def read(data: bytes) -> None:
        at_once, in_pieces = made(), made()
        answer = at_once.receive(data)
        assert isinstance(answer, bytes)
        assert len(answer) <= 4096 + 64 * len(data), "it answers with far more than it was told"
        for at in range(0, min(len(data), 512), 7):
            in_pieces.receive(data[at : at + 7])
        if at_once.wants_tls:
            at_once.secured()
            at_once.receive(data)

    return read


def _talk() -> Conversation:
    near, far = Endpoint("fd77::23", 5000), Endpoint("192.0.2.1", 3478)
    return Conversation(
        client=near, destination=far, identity=Identity(0, 0, ""), family=socket.AF_INET, last=0.0
    )


def _stun(data: bytes) -> None:
    sniff.name_datagram(data)
    stun.answer(data, _talk())


def _ntp(data: bytes) -> None:
    timeserver.answer(data, _talk())


def _first_bytes(data: bytes) -> None:
    for size in (len(data), *range(min(len(data), 40))):
        sniff.sniff(data[:size])
        sniff.name_datagram(data[:size])
    dialogues.for_bytes(data)


def _doh(data: bytes) -> None:
    query = data.decode("latin-1")
    resolver = Resolver({})
    for path in ("/dns-query", "/resolve"):
        for method, kind in (("GET", ""), ("POST", doh.MESSAGE)):
            request = Request(
                host="dns.example", method=method, path=path, query=query, body=data,
                headers={"content-type": kind, "accept": doh.JSON, "content-encoding": query[:10]},
            )  # fmt: skip
            doh.reply(request, lambda message: resolver.respond(message).wire)
            request.json()


def _names(data: bytes) -> None:
    name = data.decode("utf-8", "surrogateescape")
    spelled = readable.host_name(name)
    for shown in (spelled.ascii, spelled.unicode, readable.visible(name), readable.visible(name, lines=True)):
        assert all(char.isprintable() or char == "\n" for char in shown)
        shown.encode("utf-8")
    assert spelled.ascii.isascii() or readable.REPLACEMENT in spelled.ascii or "…" in spelled.ascii
    readable.encodable(name, limit=100).encode("utf-8")
    readable.tilde(name, "/home/x")
    hosts.canonical(name)
    hosts.host_of(name)
    if hosts.is_address(name):
        ipaddress.ip_address(name.partition("%")[0])
    hosts.scope(name)


def _tables(data: bytes) -> None:
    table = data.decode("utf-8", "surrogateescape")
    layout.socket_paths(table)


@functools.cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="audit-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "packets.pcapng").write_bytes(seeds.captures()[0])
    return folder


@functools.cache
def _rules() -> RuleSet:
    return ruleset.load_rules([ruleset.default_rules_folder()])


def _run_directory(data: bytes) -> None:
    """From a recording to its report, whoever has written into the journal."""
    (_folder() / "events.jsonl").write_bytes(data)
    case = classify(open_run(_folder()))
    result = build_result(case, judge(case, _rules(), Policy()))
    render_html(result)
    render_console(result, io.StringIO(), report="report.html")
    encode_result(result)


def _purpose(data: bytes) -> None:
    url = data[:200].decode("latin-1")
    made = purpose.shape("POST", url, (("User-Agent", url), ("Content-Type", url)), data)
    purpose.purpose_of(made, ())
    http2 = h2_frames.Beside()
    for at in range(0, len(data), 50):
        http2.feed(data[at : at + 50])


TARGETS: tuple[Target, ...] = (
    Target("client-hello", seeds.client_hellos, _client_hello),
    Target("quic-initial", seeds.quic_initials, _quic),
    Target("quic-frames", seeds.quic_frames, _quic_frames),
    Target("dns", seeds.dns_messages, _dns),
    Target("resolver", seeds.dns_messages, _resolver),
    Target("doh", lambda: [*seeds.DOH, *seeds.dns_messages()], _doh, ()),
    Target("pcapng", seeds.captures, _pcapng),
    Target("packet", seeds.frames, _packet),
    Target("http-body", seeds.bodies, _http_body, ()),
    Target("chunked", seeds.chunked, encodings.dechunk),
    Target("inflate", seeds.compressed, _inflate, ()),
    Target("text", seeds.bodies, _text, ()),
    Target("bases", seeds.bodies, _bases, ()),
    Target("unfold", seeds.bodies, _unfold, (), slow_s=5.0),
    Target("web-answer", lambda: seeds.WEB_ANSWERS, _web_answer, ()),
    Target("excerpt", seeds.bodies, _excerpt, ()),
    Target("sock-diag", seeds.sock_diag_replies, _sock_diag),
    Target("netlink", seeds.sock_diag_replies, _netlink),
    Target("notification", lambda: [bytes(64), (59).to_bytes(8, "little") + (0xC000003E).to_bytes(8, "little") + bytes(48)], _notification, (OSError,)),
    Target("socket-address", seeds.socket_addresses, _socket_address, (OSError,)),
    Target("journal", seeds.journal_lines, _journal),
    Target("run-directory", seeds.journals, _run_directory, slow_s=10.0),
    Target("purpose", seeds.bodies, _purpose, ()),
    Target("observer-line", lambda: [wire.pack(1.5, journal.decode(line).what) for line in seeds.journal_lines()], _wire),
    *(Target(f"dialogue-{kind}", functools.partial(seeds.DIALOGUES.__getitem__, kind), _dialogue(kind), ()) for kind in seeds.DIALOGUES),
    Target("stun", lambda: seeds.STUN, _stun, ()),
    Target("ntp", lambda: seeds.NTP, _ntp, ()),
    Target("first-bytes", lambda: [*seeds.FIRST_BYTES, *seeds.client_hellos(), *seeds.dns_messages()], _first_bytes, ()),
    Target("names", lambda: seeds.NAMES, _names, ()),
    Target("host-tables", lambda: [*seeds.PROC_NET_UNIX, *seeds.MOUNTINFO], _tables, ()),
)  # fmt: skip

FOUND = Path(__file__).parents[1] / "found"
"""Inputs that once broke a target: `found/TARGET/NAME`, tried again in every test run."""


def try_out(target: Target, data: bytes) -> None:
    """Feed one input; everything that the target may not raise comes through."""
    with contextlib.suppress(*target.refuses):
        target.read(data)
