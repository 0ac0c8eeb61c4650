"""What observers write down: one type for each kind of line in `events.jsonl`.

The contract between the recording half, which only writes these, and the judging half, which only
reads them. Not conclusions: who owns a flow, or what it was for, is derived later.

Structs, where the other nouns are dataclasses: the app waits while these are defined, and defining that
many dataclasses takes a tenth of the time until it starts.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class RunOpened(msgspec.Struct, frozen=True, kw_only=True):
    """First line of every journal: what is about to be recorded."""

    kind: ClassVar[str] = "run.opened"
    id: str
    started: str
    command: tuple[str, ...]
    mode: str
    driver: str
    tool_version: str
    assurance: str
    reduced_by: tuple[str, ...] = ()
    declared: tuple[tuple[str, str], ...] = ()
    """(host, purpose) pairs."""
    home: str = ""
    cwd: str = ""
    uid: int = 0
    resolvers: tuple[str, ...] = ("192.168.77.1", "fd77::1")
    """Addresses of the name servers that the box was told to use."""
    gateway_mac: str = ""
    """Hardware address of our end of the box's wire: a frame from any other left the box."""
    options: tuple[str, ...] = ()
    """Options on the command line that ask for the same recording again, without those that only this
    machine understands (`--out`)."""


class CanaryPlanted(msgspec.Struct, frozen=True, kw_only=True):
    """A canary is in place."""

    kind: ClassVar[str] = "canary.planted"
    id: str
    canary: str
    """`auditor.model.canary.CanaryKind`."""
    value: str
    planted_in: str
    context: str = ""


class PhaseBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A phase begins; the one before it ends here."""

    kind: ClassVar[str] = "phase.began"
    name: str


class RunEnded(msgspec.Struct, frozen=True, kw_only=True):
    """Last line of a journal that was not interrupted."""

    kind: ClassVar[str] = "run.ended"
    app_status: str


class ProcessSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A process as it was at one moment: when first noticed, and at every execve(2)."""

    kind: ClassVar[str] = "process.seen"
    key: str
    pid: int
    parent: str
    """Key of the parent, empty when it is our init."""
    session: int
    """Host pid of the session leader; names the true parent of a double-forked daemon."""
    executable: str
    argv: tuple[str, ...]
    cwd: str
    event: str
    """`exec` (about to run `executable`), or `noticed`."""
    role: str
    """`app`, `control` or `reference`."""


class ProcessExited(msgspec.Struct, frozen=True, kw_only=True):
    """A process called exit_group(2)."""

    kind: ClassVar[str] = "process.exited"
    key: str
    status: int


class SocketCall(msgspec.Struct, frozen=True, kw_only=True):
    """A connect, addressed send, bind or listen, caught by the seccomp listener before it ran."""

    kind: ClassVar[str] = "socket.call"
    call: str
    """`connect`, `sendto`, `bind` or `listen`."""
    process: str
    """Key of the process."""
    cookie: int
    """SO_COOKIE of the socket, 0 when it could not be read (socket(7))."""
    family: str
    """`inet`, `inet6` or `unix`."""
    type: str
    """`stream`, `dgram`, `raw`, ..."""
    protocol: int
    address: str
    """IP address, or path of a unix socket (abstract ones start with `@`)."""
    port: int
    role: str


class AttemptDenied(msgspec.Struct, frozen=True, kw_only=True):
    """A system call that the box refused."""

    kind: ClassVar[str] = "attempt.denied"
    process: str
    call: str
    detail: str
    role: str


class FileTouched(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a process was about to write, make, move or remove.

    One line for a run of calls of the same kind by the same process on the same path.
    """

    kind: ClassVar[str] = "file.touched"
    process: str
    """Key of the process."""
    call: str
    """`open` (for writing), `truncate`, `mkdir`, `mknod`, `symlink`, `link`, `rename`, `exchange` or
    `unlink` (of a directory too)."""
    path: str
    """Real path as the app sees it; of `link`, `rename` and `exchange` the new name."""
    role: str
    source: str = ""
    """The old name of `link`, `rename` and `exchange`; empty when a linked file had none."""


class FlowOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway accepted a connection, or saw the first datagram of a conversation."""

    kind: ClassVar[str] = "flow.opened"
    flow: str
    """`f1`, `f2`, ...: unique in the run."""
    transport: str
    """`tcp` or `udp`."""
    client_ip: str
    client_port: int
    ip: str
    """Original destination."""
    port: int
    cookie: int
    """SO_COOKIE of the client's socket by sock_diag(7), 0 when it was gone already."""
    inode: int
    owner: str = ""
    """Process key found by inode at once, when the cookie was unknown to the seccomp listener."""


class FlowClosed(msgspec.Struct, frozen=True, kw_only=True):
    """The flow ended."""

    kind: ClassVar[str] = "flow.closed"
    flow: str
    protocol: str
    """As understood in the end: `http`, `https`, `h2`, `ws`, `tls`, `dns`, `raw`, ..."""
    bytes_out: int
    """Payload bytes the app sent, at the transport layer."""
    bytes_in: int
    error: str = ""


class TlsHello(msgspec.Struct, frozen=True, kw_only=True):
    """A ClientHello was read."""

    kind: ClassVar[str] = "tls.hello"
    flow: str
    sni: str
    alpn: tuple[str, ...]
    ja4: str
    ech: bool = False
    raw: str = ""
    """The whole message in base64, since any part of it can carry something; empty when it is very long."""


class TlsEstablished(msgspec.Struct, frozen=True, kw_only=True):
    """The app accepted our certificate and finished the handshake."""

    kind: ClassVar[str] = "tls.established"
    flow: str
    version: str
    alpn: str
    cipher: str


class TlsFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The handshake did not finish."""

    kind: ClassVar[str] = "tls.failed"
    flow: str
    reason: str
    """Alert or error as text: `unknown ca`, `certificate unknown`, `disconnected`."""
    probe: bool = False
    """The certificate was one that must be refused."""


class TlsUnverified(msgspec.Struct, frozen=True, kw_only=True):
    """The app sent application data to a server whose certificate nobody vouches for."""

    kind: ClassVar[str] = "tls.unverified"
    flow: str
    host: str
    """Whose certificate it seemed to be."""


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request's head was read. Its body follows as `http.body`, also when it breaks off."""

    kind: ClassVar[str] = "http.request"
    flow: str
    exchange: str
    """`f3.1`: unique in the run."""
    method: str
    url: str
    """With scheme and host as the app meant them."""
    version: str
    headers: tuple[tuple[str, str], ...]


class HttpBody(msgspec.Struct, frozen=True, kw_only=True):
    """A request or response body ended."""

    kind: ClassVar[str] = "http.body"
    exchange: str
    direction: str
    """`out` from the app, `in` to the app."""
    bytes: int
    """True length on the wire."""
    kept: int
    """How many of them are in `bodies/`."""
    sha256: str
    """Of all bytes."""
    body: str
    """File name under `bodies/`, empty for an empty body."""
    complete: bool
    trailers: tuple[tuple[str, str], ...] = ()


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The stand-in answered."""

    kind: ClassVar[str] = "http.response"
    exchange: str
    status: int
    headers: tuple[tuple[str, str], ...]
    served_by: str


class WebSocketMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One whole message on a WebSocket."""

    kind: ClassVar[str] = "ws.message"
    exchange: str
    direction: str
    text: bool
    bytes: int
    body: str


class StreamData(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a flow that is no HTTP: everything sent in one direction, in order."""

    kind: ClassVar[str] = "stream.data"
    flow: str
    direction: str
    bytes: int
    kept: int
    sha256: str
    body: str


class DnsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question reached our resolver, on any address and over any transport."""

    kind: ClassVar[str] = "dns.query"
    transport: str
    """`udp`, `tcp`, `dot` (over TLS), `doq` (over QUIC) or `doh` (over HTTP)."""
    client_ip: str
    client_port: int
    server_ip: str
    server_port: int
    name: str
    type: str
    rcode: str
    answers: tuple[str, ...]
    cookie: int
    inode: int
    owner: str = ""
    flow: str = ""
    """The flow that carried it; empty for datagrams to the box's own name server."""
    beside: str = ""
    """In hexadecimal what the message holds beside its questions, an empty EDNS record left out."""


class FileChanged(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the overlays' upper directories after the app ended."""

    kind: ClassVar[str] = "file.changed"
    path: str
    """As the app saw it."""
    change: str
    bytes: int
    type: str
    """`file`, `directory`, `symlink`, `socket`, `fifo`, `device`."""
    mode: int
    mtime: float
    sha256: str
    """Empty when the content was not read."""
    content: str
    """File name under `files/`, empty when not kept."""
    complete: bool
    target: str = ""
    """Of a symlink."""
    role: str = "app"
    entries: int = 0
    """How many names a deleted directory held."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Extended attributes of the user's kind (xattr(7)): name, and value in hexadecimal."""


class ListenerSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A listening TCP socket or a bound UDP socket in the box's network namespace."""

    kind: ClassVar[str] = "listener.seen"
    transport: str
    address: str
    port: int
    inode: int
    owner: str
    role: str


class PacketsCounted(msgspec.Struct, frozen=True, kw_only=True):
    """The capture's own ledger, written when it stops."""

    kind: ClassVar[str] = "packets.counted"
    interface: str
    captured: int
    dropped: int
    bytes: int


class PromptSent(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt was handed to the app (or to the reference)."""

    kind: ClassVar[str] = "prompt.sent"
    role: str
    index: int
    text: str
    canary: str


class AnswerReceived(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for a prompt."""

    kind: ClassVar[str] = "answer.received"
    role: str
    index: int
    text: str
    """At most 4,000 characters."""
    contains_marker: bool
    contains_expected: bool | None
    """Whether `--expect TEXT` was found; None when the option was not given."""
    vouched: bool
    """`--accept-unproven-answer` was given."""
    seconds: float
    error: str = ""


class ControlSent(msgspec.Struct, frozen=True, kw_only=True):
    """Our positive control used a channel; whether it was seen is derived from the other lines."""

    kind: ClassVar[str] = "control.sent"
    channel: str
    token: str
    """Id of the control canary it carried."""
    ok: bool
    """The control program itself believes that it sent."""
    detail: str = ""
    round: str = "after"
    """`before` the app was started, or `after` it had ended."""
    client_ip: str = ""
    """The control's own end, where it is known: what nobody owns there is not the app's."""
    client_port: int = 0
    server_ip: str = ""
    server_port: int = 0


class ReferenceRan(msgspec.Struct, frozen=True, kw_only=True):
    """The plain llama.cpp inference ended."""

    kind: ClassVar[str] = "reference.ran"
    engine: str
    version: str
    model_sha256: str
    tokens_per_second: float
    error: str = ""


class GapNoted(msgspec.Struct, frozen=True, kw_only=True):
    """An observer could not see something."""

    kind: ClassVar[str] = "gap.noted"
    observer: str
    text: str
    """One sentence with its number."""
    blinds: bool
    principle: int = 0


Observation = (
    RunOpened | CanaryPlanted | PhaseBegan | RunEnded
    | ProcessSeen | ProcessExited | SocketCall | AttemptDenied | FileTouched
    | FlowOpened | FlowClosed | TlsHello | TlsEstablished | TlsFailed | TlsUnverified
    | HttpRequest | HttpBody | HttpResponse | WebSocketMessage | StreamData
    | DnsQuery | FileChanged | ListenerSeen | PacketsCounted
    | PromptSent | AnswerReceived | ControlSent | ReferenceRan | GapNoted
)  # fmt: skip

OBSERVATION_TYPES: tuple[type[Observation], ...] = (
    RunOpened, CanaryPlanted, PhaseBegan, RunEnded,
    ProcessSeen, ProcessExited, SocketCall, AttemptDenied, FileTouched,
    FlowOpened, FlowClosed, TlsHello, TlsEstablished, TlsFailed, TlsUnverified,
    HttpRequest, HttpBody, HttpResponse, WebSocketMessage, StreamData,
    DnsQuery, FileChanged, ListenerSeen, PacketsCounted,
    PromptSent, AnswerReceived, ControlSent, ReferenceRan, GapNoted,
)  # fmt: skip


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One journal line: an observation with when and by whom it was made."""

    seq: int
    t: float
    """Seconds since the epoch."""
    mono: float
    """Seconds since the recording began, on the monotonic clock."""
    phase: str
    """`auditor.model.run.PhaseName`; the phase in force at `mono`."""
    observer: str
    """`record`, `resolver`, `proxy`, `sockets`, `packets`, `files`, `listeners`, `driver`, ..."""
    what: Observation

    @property
    def ref(self) -> str:
        """How a report points at this line."""
        return f"events.jsonl:{self.seq}"
