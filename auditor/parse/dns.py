"""DNS messages: bytes to values and back (RFC 1035, RFC 6891 for the OPT record).

Not a resolver, and no sockets: those are in `auditor.internet`.
"""

from __future__ import annotations

import enum
import ipaddress
import re
import struct
from dataclasses import dataclass
from dataclasses import replace

MAX_NAME = 255
"""Octets of a name on the wire (RFC 1035, 2.3.4)."""
MAX_LABEL = 63
MAX_RECORDS = 1024
"""Records of all sections together; more are refused."""
CLASS_IN = 1


class Type(enum.IntEnum):
    """Record types with a name of their own here (IANA DNS parameters); others print as TYPE123."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    NAPTR = 35
    OPT = 41
    DS = 43
    SSHFP = 44
    DNSKEY = 48
    TLSA = 52
    SVCB = 64
    HTTPS = 65
    ANY = 255
    CAA = 257


class Rcode(enum.IntEnum):
    """Answer codes (RFC 1035, 4.1.1)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One entry of the question section."""

    name: str
    """Without the final dot, case as sent; bytes that are no printable ASCII as `\\DDD`."""
    type: int
    klass: int = CLASS_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One resource record."""

    name: str
    type: int
    klass: int = CLASS_IN
    ttl: int = 0
    data: bytes = b""
    """RDATA as it stood in the message; names inside may be compressed and are not followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One query or response."""

    id: int
    response: bool = False
    opcode: int = 0
    authoritative: bool = False
    truncated: bool = False
    recursion_desired: bool = False
    recursion_available: bool = False
    rcode: int = 0
    questions: tuple[Question, ...] = ()
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()

    @property
    def edns(self) -> bool:
        """True when an OPT record came along."""
        return any(record.type == Type.OPT for record in self.additional)


def type_name(number: int) -> str:
    """`A`, `HTTPS`, ..., or `TYPE4711` (RFC 3597)."""
    return Type(number).name if number in Type._value2member_map_ else f"TYPE{number}"


def rcode_name(number: int) -> str:
    """`NOERROR`, ..., or `RCODE11`."""
    return Rcode(number).name if number in Rcode._value2member_map_ else f"RCODE{number}"


def parse(data: bytes) -> Message:
    """Read one message; bytes after it are ignored.

    Raises:
        ValueError: cut off, a pointer that does not point backwards, a name or a count too large.
    """
    try:
        return _parse(data)
    except (struct.error, IndexError) as error:
        raise ValueError("DNS message is cut off") from error


def beside(data: bytes) -> bytes:
    """What a query holds behind its questions; empty for nothing, and for an EDNS record without options.

    Raises:
        ValueError: as `parse`.
    """
    try:
        rest = data[_questions(data, struct.unpack_from("!H", data, 4)[0])[1] :]
    except (struct.error, IndexError) as error:
        raise ValueError("DNS message is cut off") from error
    # Root, type OPT, any size and flags, no data (RFC 6891, 6.1.2).
    plain = len(rest) == 11 and rest[:3] == b"\0" + int(Type.OPT).to_bytes(2) and rest[9:] == b"\0\0"
    return b"" if plain else rest


def _parse(data: bytes) -> Message:
    ident, flags, *counts = struct.unpack_from("!6H", data)
    if sum(counts) > MAX_RECORDS:
        raise ValueError(f"DNS message announces {sum(counts)} records")
    questions, offset = _questions(data, counts[0])
    sections: list[tuple[Record, ...]] = []
    for count in counts[1:]:
        records, offset = _records(data, offset, count)
        sections.append(records)
    return Message(
        id=ident,
        response=bool(flags & 0x8000),
        opcode=flags >> 11 & 15,
        authoritative=bool(flags & 0x0400),
        truncated=bool(flags & 0x0200),
        recursion_desired=bool(flags & 0x0100),
        recursion_available=bool(flags & 0x0080),
        rcode=flags & 15,
        questions=questions,
        answers=sections[0],
        authority=sections[1],
        additional=sections[2],
    )


def _questions(data: bytes, count: int) -> tuple[tuple[Question, ...], int]:
    found = []
    offset = 12
    for _ in range(count):
        name, offset = read_name(data, offset)
        kind, klass = struct.unpack_from("!2H", data, offset)
        offset += 4
        found.append(Question(name=name, type=kind, klass=klass))
    return tuple(found), offset


def _records(data: bytes, offset: int, count: int) -> tuple[tuple[Record, ...], int]:
    found = []
    for _ in range(count):
        name, offset = read_name(data, offset)
        kind, klass, ttl, size = struct.unpack_from("!2HIH", data, offset)
        offset += 10
        if offset + size > len(data):
            raise ValueError("DNS record is cut off")
        found.append(Record(name=name, type=kind, klass=klass, ttl=ttl, data=data[offset : offset + size]))
        offset += size
    return tuple(found), offset


def read_name(data: bytes, offset: int) -> tuple[str, int]:
    """Read a name, following compression pointers (RFC 1035, 4.1.4).

    Returns:
        The name as text and the offset of what follows it.

    Raises:
        ValueError: a pointer that does not point backwards, a bad label type, or longer than 255 octets.
        IndexError: cut off.
    """
    labels: list[str] = []
    size = 0
    after = -1
    while length := data[offset]:
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | data[offset + 1]
            after = offset + 2 if after < 0 else after
            if target >= offset:
                raise ValueError("DNS name points forward")
            offset = target
            continue
        label = data[offset + 1 : offset + 1 + length]
        size += length + 1
        if length > MAX_LABEL or len(label) < length or size >= MAX_NAME:
            raise ValueError("DNS name is malformed")
        labels.append(_escape(label))
        offset += length + 1
    return ".".join(labels), offset + 1 if after < 0 else after


def _escape(label: bytes) -> str:
    return "".join(
        chr(byte) if 0x21 <= byte <= 0x7E and byte not in b".\\" else f"\\{byte:03}" for byte in label
    )


_LABEL = re.compile(r"(?:\\\d{3}|[^.\\])+")
_ESCAPED = re.compile(rb"\\(\d{3})")


def encode_name(name: str) -> bytes:
    """Text of `read_name` back to the wire, uncompressed.

    Raises:
        ValueError: an empty or long label, not ASCII, a bad escape, or longer than 255 octets.
    """
    wire = b""
    for part in name.split(".") if name else ():
        if not _LABEL.fullmatch(part):
            raise ValueError(f"not a DNS label: {part!r}")
        label = _ESCAPED.sub(lambda match: bytes([int(match[1])]), part.encode("ascii"))
        if len(label) > MAX_LABEL:
            raise ValueError(f"DNS label is too long: {part!r}")
        wire += bytes([len(label)]) + label
    if len(wire) >= MAX_NAME:
        raise ValueError("DNS name is too long")
    return wire + b"\0"


def encode(message: Message) -> bytes:
    """A message as bytes, names uncompressed.

    Raises:
        ValueError: a name or a number does not fit.
    """
    flags = (
        message.response << 15 | message.opcode << 11 | message.authoritative << 10 | message.truncated << 9
        | message.recursion_desired << 8 | message.recursion_available << 7 | message.rcode
    )  # fmt: skip
    sections = (message.answers, message.authority, message.additional)
    try:
        head = struct.pack("!6H", message.id, flags, len(message.questions), *map(len, sections))
        asked = [
            encode_name(question.name) + struct.pack("!2H", question.type, question.klass)
            for question in message.questions
        ]
        return b"".join([head, *asked, *(_record(record) for section in sections for record in section)])
    except struct.error as error:
        raise ValueError(f"DNS field out of range: {error}") from error


def _record(record: Record) -> bytes:
    fixed = struct.pack("!2HIH", record.type, record.klass, record.ttl, len(record.data))
    return encode_name(record.name) + fixed + record.data


def address_record(name: str, address: str, *, ttl: int) -> Record:
    """An A or AAAA record.

    Raises:
        ValueError: not an IP address.
    """
    parsed = ipaddress.ip_address(address)
    kind = Type.A if parsed.version == 4 else Type.AAAA
    return Record(name=name, type=kind, ttl=ttl, data=parsed.packed)


def soa_record(zone: str, *, ttl: int) -> Record:
    """The SOA that goes with an empty answer (RFC 2308, 2.2)."""
    mailbox = encode_name("ns1") + encode_name("hostmaster")
    return Record(
        name=zone, type=Type.SOA, ttl=ttl, data=mailbox + struct.pack("!5I", 1, 7200, 900, 1209600, ttl)
    )


def data_text(record: Record) -> str:
    """Data of an A, AAAA or PTR record as text; of any other in hexadecimal.

    Raises:
        ValueError: the data does not fit the type.
    """
    if record.type == Type.PTR:
        try:
            return read_name(record.data, 0)[0]
        except IndexError as error:
            raise ValueError("DNS name is cut off") from error
    if record.type in (Type.A, Type.AAAA):
        return str(ipaddress.ip_address(record.data))
    return record.data.hex()


def reverse_address(name: str) -> str:
    """The address that an `in-addr.arpa` or `ip6.arpa` name stands for (RFC 1035, 3.5; RFC 3596, 2.5).

    Raises:
        ValueError: it stands for none.
    """
    labels = name.lower().split(".")
    if labels[-2:] == ["in-addr", "arpa"] and len(labels) == 6:
        return str(ipaddress.IPv4Address(".".join(labels[3::-1])))
    if labels[-2:] == ["ip6", "arpa"] and len(labels) == 34:
        digits = "".join(labels[31::-1])
        return str(ipaddress.IPv6Address(int(digits, 16)))
    raise ValueError(f"not the reverse name of one address: {name!r}")


def reply_to(query: Message, *, rcode: int = Rcode.NOERROR) -> Message:
    """An answer without records yet: id, question and recursion bit copied, OPT answered by OPT."""
    opt = (Record(name="", type=Type.OPT, klass=1232),) if query.edns else ()
    return replace(
        query,
        response=True,
        authoritative=False,
        truncated=False,
        recursion_available=True,
        rcode=rcode,
        answers=(),
        authority=(),
        additional=opt,
    )
