"""Real bytes to begin with: written by the libraries and programs that apps use, or as their RFC shows them."""

from __future__ import annotations

import base64
import functools
import gzip
import io
import json
import socket
import ssl
import types
import zlib
from typing import Any
from typing import get_args
from typing import get_origin

import brotli
import msgspec
import zstandard
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from auditor.evidence import journal
from auditor.model.observation import OBSERVATION_TYPES
from auditor.model.observation import Entry
from auditor.parse import dns
from auditor.parse import pcapng

TEXT = b'{"event": "chat", "text": "kestrel-48213 \\u00e9 %20 &amp; caf\\\\u0065", "n": [1, 2.5e3, null]}'


@functools.cache
def client_hellos() -> list[bytes]:
    """Handshake messages of OpenSSL, with and without names and protocols."""
    made = []
    for host, alpn in (
        ("api.example.com", ["h2", "http/1.1"]),
        ("192.0.2.7", []),
        ("xn--bcher-kva.example", ["h3"]),
    ):
        context = ssl.create_default_context()
        if alpn:
            context.set_alpn_protocols(alpn)
        out = ssl.MemoryBIO()
        client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=host)
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            made.append(out.read()[5:])
    return made


@functools.cache
def quic_initials() -> list[bytes]:
    """First datagrams of aioquic, both versions."""
    made = []
    for version in (0x00000001, 0x6B3343CF):
        for alpn in (["h3"], [f"{n}-{'x' * 200}" for n in range(10)]):
            client = QuicConnection(
                configuration=QuicConfiguration(
                    is_client=True, server_name="api.example.com", alpn_protocols=alpn,
                    supported_versions=[version], original_version=version,
                )
            )  # fmt: skip
            client.connect(("192.0.2.1", 443), now=0.0)
            made += [data for data, _ in client.datagrams_to_send(now=0.0)]
    return made


@functools.cache
def quic_frames() -> list[bytes]:
    """Plain frames of an Initial packet: padding, ping, acknowledgements, pieces of a handshake, a close."""
    hello = client_hellos()[0]
    half = len(hello) // 2
    crypto = [
        b"\x06" + _varint(at) + _varint(len(piece)) + piece
        for at, piece in ((0, hello[:half]), (half, hello[half:]))
    ]
    ack = b"\x02\x07\x00\x01\x00\x02\x03"
    return [
        *crypto,
        crypto[1] + crypto[0],
        ack + b"\x01\x00\x00" + crypto[0],
        b"\x03\x07\x00\x00\x00\x01\x02\x03",
        b"\x1c\x00\x00\x02no",
    ]


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 64 else (value | 0x4000).to_bytes(2)


@functools.cache
def dns_messages() -> list[bytes]:
    """Questions and answers of several types, with compression and EDNS."""
    question = dns.Question(name="_dns.resolver.arpa", type=64)
    query = dns.Message(
        id=7, recursion_desired=True, questions=(dns.Question(name="a.example.com", type=1), question)
    )
    reply = msgspec.structs.replace(query) if isinstance(query, msgspec.Struct) else dns.reply_to(query)
    with_edns = bytes.fromhex(
        "1234010000010000000000010377777707 6578616d706c6503636f6d00 0001 0001 0000291000000080000000".replace(
            " ", ""
        )
    )
    compressed = bytes.fromhex(
        "123481800001000300000000 0377777707 6578616d706c6503636f6d00 00010001"
        "c00c0005000100000e10 0006 036364 6ec010 c02d00010001000000 3c0004c6120010 c00c 0010 0001 0000003c 0006 05 68656c6c6f".replace(
            " ", ""
        )
    )
    return [dns.encode(query), dns.encode(reply), with_edns, compressed]


@functools.cache
def frames() -> list[bytes]:
    """Ethernet frames as the box's wire carries them."""
    ether4, ether6 = (
        bytes.fromhex("3cfdfe0000010200000000010800"),
        bytes.fromhex("3cfdfe00000102000000000186dd"),
    )
    vlan = bytes.fromhex("3cfdfe00000102000000000181000007 86dd".replace(" ", ""))
    four = bytes.fromhex("45000000000140004006 0000 c0a84d17 c6120010".replace(" ", ""))
    six = (
        bytes.fromhex("60000000 0000 06 40".replace(" ", ""))
        + socket.inet_pton(socket.AF_INET6, "fd77::23")
        + socket.inet_pton(socket.AF_INET6, "fd77:a0d1::10")
    )
    tcp = (
        bytes.fromhex("9c4001bb000000010000000050180200 0000 0000".replace(" ", ""))
        + b"GET / HTTP/1.1\r\n\r\n"
    )
    udp = bytes.fromhex("9c400035 0010 0000".replace(" ", "")) + b"question"

    def v4(protocol: int, payload: bytes, options: bytes = b"") -> bytes:
        head = bytearray(four)
        head[0] = 0x45 + len(options) // 4
        head[2:4] = (len(four) + len(options) + len(payload)).to_bytes(2)
        head[9] = protocol
        return ether4 + bytes(head) + options + payload

    def v6(following: int, payload: bytes, link: bytes = ether6) -> bytes:
        head = bytearray(six)
        head[4:6] = len(payload).to_bytes(2)
        head[6] = following
        return link + bytes(head) + payload

    return [
        v4(6, tcp), v4(17, udp), v4(136, udp), v4(1, b"\x08\0\0\0\0\1\0\1echo"), v4(2, b"\x16\0\0\0\xe0\0\0\xfb"), v4(6, tcp, b"\1\1\1\0"),
        v6(6, tcp), v6(17, udp, vlan), v6(58, b"\x80\0\0\0\0\1\0\1echo"),
        v6(0, b"\x3c\0\1\4\0\0\0\0" + b"\x11\0\1\4\0\0\0\0" + udp), v6(44, b"\x11\0\0\1\0\0\0\7" + udp),
        bytes.fromhex("ffffffffffff0200000000010806 0001080006040001 020000000001c0a84d17 000000000000c0a84d01".replace(" ", "")),
    ]  # fmt: skip


@functools.cache
def captures() -> list[bytes]:
    """A capture as we write it, in both byte orders of its lengths, and one with every kind of block."""
    whole = (
        pcapng.section(hardware="x86_64", system="Linux", application="audit")
        + pcapng.interface("eth0", description="wire", snap=256)
        + pcapng.interface("lo", description="loopback")
        + b"".join(
            pcapng.packet(n % 2, 1_700_000_000_000_000_000 + n, frame, len(frame) + n)
            for n, frame in enumerate(frames())
        )
        + pcapng.statistics(0, 1_700_000_001_000_000_000, received=12, dropped=1)
        + pcapng.secrets(b"CLIENT_RANDOM 00 11\n")
    )
    big = bytes.fromhex(
        "0a0d0d0a0000001c1a2b3c4d00010000ffffffffffffffff0000001c 00000001000000140001000000000100 00000014".replace(
            " ", ""
        )
    )
    return [whole, whole[:200], big]


@functools.cache
def bodies() -> list[bytes]:
    """Bodies of requests in the encodings that senders use."""
    multipart = (
        b'--b0un\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        + TEXT
        + b"\r\n--b0un--\r\n"
    )
    nested = json.dumps(
        {
            "data": base64.b64encode(gzip.compress(TEXT, mtime=0)).decode(),
            "inner": json.dumps({"x": TEXT.decode()}),
        }
    ).encode()
    return [
        TEXT, multipart, nested, b"a=1&text=hello%20there+caf%C3%A9&b=%u0041", TEXT.hex().encode(), base64.b64encode(TEXT),
        base64.urlsafe_b64encode(TEXT).rstrip(b"="), base64.b32encode(TEXT), TEXT.decode().encode("utf-16-le"), b"&lt;p&gt;kestrel&#45;48213&#x2d;&nbsp;",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", *compressed(),
        b"\x0a\x07kestrel\x10\x96\x01\x1a\x05\x0a\x03abc", b"\x82\xa4text\xa7kestrel\xa1n\x93\x01\xcb@\x04\0\0\0\0\0\0\xc0",
        *archives(), b'GET /?q=kestrel-48213 HTTP/1.1\r\nHost: a\r\nCookie: a="b"; c=d\r\nAuthorization: Basic dXNlcjpwYXNz\r\n\r\n',
    ]  # fmt: skip


@functools.cache
def compressed() -> list[bytes]:
    """The same text through every content coding, and a bomb."""
    raw = zlib.compressobj(wbits=-15)
    return [
        gzip.compress(TEXT, mtime=0), zlib.compress(TEXT), raw.compress(TEXT) + raw.flush(), brotli.compress(TEXT),
        zstandard.compress(TEXT), gzip.compress(gzip.compress(bytes(1 << 20), mtime=0), mtime=0),
    ]  # fmt: skip


@functools.cache
def archives() -> list[bytes]:
    """Small archives: zip and tar."""
    import tarfile
    import zipfile

    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("notes.txt", TEXT)
    with tarfile.open(fileobj=tarred, mode="w") as made:
        member = tarfile.TarInfo("notes.txt")
        member.size = len(TEXT)
        made.addfile(member, io.BytesIO(TEXT))
    return [zipped.getvalue(), tarred.getvalue()[:2048]]


@functools.cache
def chunked() -> list[bytes]:
    """Chunk framing (RFC 9112, 7.1)."""
    return [b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n", b"ffffffff\r\nx", b"0\r\n\r\n"]


@functools.cache
def sock_diag_replies() -> list[bytes]:
    """Answers of this kernel to a dump, and an error, from the socket that the finder uses."""
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
    netlink.settimeout(2)
    with netlink, socket.create_server(("127.0.0.1", 0)):
        made = []
        for flags in (0x301, 0x1):
            body = (
                bytes([socket.AF_INET, socket.IPPROTO_TCP, 0, 0])
                + (1 << 10).to_bytes(4, "little")
                + bytes(40)
                + b"\xff" * 8
            )
            head = (
                (16 + len(body)).to_bytes(4, "little")
                + (20).to_bytes(2, "little")
                + flags.to_bytes(2, "little")
            )
            netlink.send(head + (1).to_bytes(4, "little") + bytes(4) + body)
            made.append(netlink.recv(1 << 15))
        return made


@functools.cache
def socket_addresses() -> list[bytes]:
    """struct sockaddr of each family."""
    return [
        bytes.fromhex("020001bbc61200100000000000000000"), bytes.fromhex("0a0001bb00000000") + bytes(15) + b"\1\0\0\0\0",
        b"\1\0/run/docker.sock\0", b"\1\0\0abstract\xff", b"\1\0relative", b"\x10\0\0\0\0\0\0\0\0\0\0\0", b"\0\0" + bytes(14),
    ]  # fmt: skip


@functools.cache
def journal_lines() -> list[bytes]:
    """One line of every kind."""
    return [
        journal.encode(Entry(seq=1, t=1.5, mono=0.5, phase="start", observer="test", what=_sample(cls)))
        for cls in OBSERVATION_TYPES
    ]


@functools.cache
def journals() -> list[bytes]:
    """A whole journal with every kind of line, and one with each kind twice."""
    lines = journal_lines()
    return [b"".join(lines), b"".join(lines + lines[1:])]


MEANING = {
    "mode": "sinkhole", "assurance": "full", "driver": "argv", "canary": "prompt", "change": "created", "role": "app",
    "direction": "out", "transport": "tcp", "call": "connect", "family": "inet", "address": "203.0.113.9",
    "ip": "203.0.113.9", "client_ip": "192.168.77.23", "server_ip": "192.168.77.1", "process": "10.1", "key": "10.1",
    "parent": "9.1", "flow": "f1", "exchange": "f1.1", "url": "https://a.example/x?y=1", "started": "2026-11-21T00:00:00Z",
    "name": "a.example",
}  # fmt: skip
"""Texts of a journal that stand for something, by field."""


def _sample(cls: type) -> Any:
    required = (field for field in msgspec.structs.fields(cls) if field.required)
    values = {field.name: _value(field.type) for field in required}
    meant = {name: MEANING.get(name, value) for name, value in values.items() if isinstance(value, str)}
    return cls(**values | meant)


def _value(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, (str, int, float, bytes)):
        return {str: "text", int: 7, float: 0.5, bytes: b"x", bool: True}[kind]
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        return (_value(inner[0]),) if inner[-1:] == (...,) else tuple(map(_value, inner))
    if get_origin(kind) is types.UnionType:
        return None
    return _sample(kind)


DIALOGUES: dict[str, list[bytes]] = {
    "smtp": [b"EHLO box\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n", b"EHLO a\r\nSTARTTLS\r\n", b"AUTH LOGIN\r\ndQ==\r\ncA==\r\nBDAT 5 LAST\r\nhello"],
    "pop3": [b"CAPA\r\nUSER a\r\nPASS b\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 1 0\r\nQUIT\r\n", b"STLS\r\n"],
    "imap": [b"a CAPABILITY\r\nb LOGIN u p\r\nc SELECT INBOX\r\nd APPEND INBOX {5}\r\nhello\r\ne IDLE\r\nDONE\r\nf LOGOUT\r\n", b"a STARTTLS\r\n", b"a AUTHENTICATE PLAIN\r\nAGEAYg==\r\nb APPEND x {5+}\r\nhello\r\n"],
    "ftp": [b"USER a\r\nPASS b\r\nSYST\r\nFEAT\r\nPWD\r\nTYPE I\r\nPASV\r\nEPSV\r\nSTOR f\r\nQUIT\r\n", b"AUTH TLS\r\nPBSZ 0\r\nPROT P\r\n"],
    "irc": [b"CAP LS 302\r\nNICK a\r\nUSER a 0 * :b\r\nCAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\nCAP END\r\nJOIN #c\r\nPRIVMSG #c :hi\r\nPING x\r\nQUIT\r\n"],
    "mqtt": [b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd" + b"\x82\x08\x00\x01\x00\x03a/b\x01" + b"\x32\x0b\x00\x03a/b\x00\x02text" + b"\xc0\x00\xe0\x00", b"\x10\x13\x00\x04MQTT\x05\x02\x00\x3c\x03\x21\x00\x14\x00\x04abcd\x82\x09\x00\x01\x00\x00\x03a/b\x01"],
    "mysql": [b"\x20\x00\x00\x01\x85\xa6\x3f\x20" + bytes(28) + b"\x0f\x00\x00\x00\x03SELECT 1 AS ab", b"\x01\x00\x00\x00\x0e\x01\x00\x00\x00\x01"],
    "postgres": [b"\x00\x00\x00\x08\x04\xd2\x16\x2f" + b"\x00\x00\x00\x15\x00\x03\x00\x00user\x00me\x00\x00\x00" + b"p\x00\x00\x00\x09pass\x00Q\x00\x00\x00\x0dSELECT 1\x00X\x00\x00\x00\x04", b"P\x00\x00\x00\x10\x00SELECT 1\x00\x00\x00S\x00\x00\x00\x04"],
    "redis": [b"*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n", b"PING\r\nHELLO 3 AUTH a b\r\n", b"*2\r\n$-1\r\n$0\r\n\r\n*-1\r\n*99999999\r\n"],
}  # fmt: skip
"""What clients say."""

STUN = [
    bytes.fromhex("000100002112a442") + bytes(range(12)),
    bytes.fromhex("000100082112a442") + bytes(range(12)) + bytes.fromhex("8022000474657374"),
]
NTP = [b"\x23" + bytes(39) + bytes(range(8)), b"\x1b" + bytes(47)]
FIRST_BYTES = [
    b"GET / HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\n\r\n",
    b"\x00\x1d" + bytes.fromhex("123401000001000000000000") + b"\3www\0\0\1\0\1",
    b"NICK a\r\n",
    *(b"\x16\x03\x01" + bytes(2) + b"\x01" for _ in range(1)),
]
NAMES = [
    "".join(map(chr, range(0x4E00, 0x5A00))).encode(),
    b"example.com", "bücher.example".encode(), b"xn--bcher-kva.example", "xn--\u0440\u0430ypal".encode(), b"xn--\xff", b"a" * 300, b"<script>alert(1)</script>.example",
    "\u0440\u0430\u0443\u0440\u0430l.com\u202e".encode(), b"[fd77::1]:443", b"a\x1b[31m.example", b"::ffff:1.2.3.4", b"..", b"xn--999999999", b"fe80::1%eth0", "\u200bex\u00adample.com".encode(),
    b"https://user:pw@host.example:99999/a?b=c#d", b"javascript:alert(1)", b"[::1", b"%00%ff", b"",
]  # fmt: skip
DOH = [
    b"dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB",
    b"name=example.com&type=AAAA",
    b"name=example.com.&type=65",
    b"name=&type=99999999999999999999",
    "name=\u0661&type=\u00b2".encode(),
]
PROC_NET_UNIX = [
    b"Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/a b.sock\n0000000000000000: 00000002 00000000 00010000 0001 01 12345 @abs\n"
]
MOUNTINFO = [b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"]
WEB_ANSWERS = [
    b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {"choices": [{"delta": {"content": "vel"}}]}\n\ndata: [DONE]\n\n',
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n4\r\n"b"}\r\n0\r\n\r\n',
    b'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x0f42["msg",{"t":1}]\x01\x02ab\x80\x7e\x00\x02cd\x89\x00',
    b'{"choices": [{"message": {"content": [{"text": "hi"}], "role": "assistant"}}], "timings": {"predicted_per_second": 1e3}}',
    b'{"error": {"message": "no such model", "code": 404}}', b"{" * 50 + b'"a":' * 50,
]  # fmt: skip
