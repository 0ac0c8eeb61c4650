"""The name server's mind: which address each name has, and what to answer to a question.

Not its sockets (`auditor.internet.nameserver`); bytes in, bytes out.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.parse import dns
from auditor.parse.dns import Message
from auditor.parse.dns import Question
from auditor.parse.dns import Rcode
from auditor.parse.dns import Record
from auditor.parse.dns import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

IPV4_POOL = ipaddress.IPv4Network("198.18.0.0/15")
"""Benchmark addresses: never routed on the real internet (RFC 2544)."""
IPV6_POOL = ipaddress.IPv6Network("fd77:a0d1::/32")
"""A unique local prefix (RFC 4193), beside the box's own fd77::/64."""
FIRST = 16
MAX_NAMES = 100_000
"""Later names share the last address, so that a program that invents names cannot fill our memory."""
TTL_S = 60
LOOPBACK = ("127.0.0.1", "::1")
QUERY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with what was answered."""

    name: str
    type: str
    rcode: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A response on its way to the wire."""

    wire: bytes
    asked: tuple[Asked, ...]
    beside: bytes = b""
    """What the query held beside its questions."""


class Resolver:
    """Answers every name with its own stable pair of addresses."""

    def __init__(self, own_names: Mapping[str, tuple[str, ...]], *, offline: bool = False) -> None:
        """`own_names` are the box's, with their addresses; `offline` fails every question."""
        self._own = {name.lower().rstrip("."): addresses for name, addresses in own_names.items()}
        self._offline = offline
        self._numbers: dict[str, int] = {}
        self._names = {ip: name for name, addresses in self._own.items() for ip in addresses}

    def name_of(self, ip: str) -> str:
        """The name that was answered with this address, empty when none was."""
        return self._names.get(ip, "")

    def addresses_of(self, name: str) -> tuple[str, ...]:
        """Addresses of a name, IPv4 first; the first call gives it its own."""
        name = name.lower()
        if name in self._own:
            return self._own[name]
        if name == "localhost" or name.endswith(".localhost"):
            return LOOPBACK
        number = self._numbers.get(name)
        return self._give(name) if number is None else _pair(number)

    def _give(self, name: str) -> tuple[str, str]:
        number = FIRST + min(len(self._numbers), MAX_NAMES)
        pair = _pair(number)
        if len(self._numbers) < MAX_NAMES:
            self._numbers[name] = number
            self._names.update(dict.fromkeys(pair, name))
        return pair

    def respond(self, data: bytes) -> Answered:
        """Answer one message.

        Raises:
            ValueError: it is no DNS query.
        """
        query = dns.parse(data)
        if query.response or not query.questions:
            raise ValueError("not a DNS query")
        response = self._answer(query)
        rcode = dns.rcode_name(response.rcode)
        answers = tuple(dns.data_text(record) for record in response.answers)
        return Answered(
            wire=dns.encode(response),
            asked=tuple(
                Asked(name=each.name, type=dns.type_name(each.type), rcode=rcode, answers=answers)
                for each in query.questions
            ),
            beside=dns.beside(data),
        )

    def _answer(self, query: Message) -> Message:
        if self._offline:
            return dns.reply_to(query, rcode=Rcode.SERVFAIL)
        if query.opcode != QUERY:
            return dns.reply_to(query, rcode=Rcode.NOTIMP)
        if len(query.questions) > 1:
            return dns.reply_to(query, rcode=Rcode.FORMERR)
        (question,) = query.questions
        records = self._records(question) if question.klass == dns.CLASS_IN else ()
        # Empty answers carry an SOA, or stub resolvers ask again (RFC 2308).
        soa = () if records else (dns.soa_record(_zone(question.name), ttl=TTL_S),)
        return replace(dns.reply_to(query), answers=records, authority=soa)

    def _records(self, question: Question) -> tuple[Record, ...]:
        if question.type == Type.PTR:
            return self._pointer(question.name)
        if question.type not in (Type.A, Type.AAAA, Type.ANY):
            return ()
        every = (
            dns.address_record(question.name, address, ttl=TTL_S)
            for address in self.addresses_of(question.name)
        )
        return tuple(record for record in every if question.type in (record.type, Type.ANY))

    def _pointer(self, name: str) -> tuple[Record, ...]:
        try:
            known = self.name_of(dns.reverse_address(name))
        except ValueError:
            return ()
        if not known:
            return ()
        return (Record(name=name, type=Type.PTR, ttl=TTL_S, data=dns.encode_name(known)),)


def _pair(number: int) -> tuple[str, str]:
    return str(IPV4_POOL[number]), str(IPV6_POOL[number])


def _zone(name: str) -> str:
    """A plausible owner of the SOA: the last two labels."""
    return ".".join(name.split(".")[-2:])
