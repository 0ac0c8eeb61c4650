"""The registry of fields: every name a rule may use, what it holds and which records carry it.

Not the values: those are made from a case by `auditor.judge.facts`. Names are those of the Elastic
Common Schema where it has one, our own below `audit.` where it has none.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from auditor.model.canary import CanaryKind
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.paired import DependenceOutcome
from auditor.model.paired import Family
from auditor.model.run import APP_PHASES
from auditor.model.run import Assurance
from auditor.model.run import Mode

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...]


class Kind(enum.StrEnum):
    """What a rule looks at, one record at a time (`each:`)."""

    RUN = "run"
    """The run as a whole: exactly one record."""
    FLOW = "flow"
    """A connection or a conversation of datagrams, with all its exchanges."""
    EXCHANGE = "exchange"
    """An HTTP request with its answer."""
    CONTACT = "contact"
    """An exchange, or a flow in which no exchange could be read: each purpose exactly once."""
    LOOKUP = "lookup"
    FILE = "file"
    LISTENER = "listener"
    ATTEMPT = "attempt"
    CANARY = "canary-sighting"
    """One place where one canary was found, with the fields of what it was found in."""
    GAP = "gap"
    """Something that could not be seen."""
    CONTROL = "control"
    """One channel of our own positive control."""


class FieldType(enum.StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "true or false"
    ADDRESS = "IP address"


@dataclass(frozen=True, slots=True)
class Field:
    """One name in the registry."""

    name: str
    kinds: frozenset[Kind]
    meaning: str
    type: FieldType = FieldType.TEXT
    values: tuple[str, ...] = ()
    """All values it can have; empty when they are open."""
    absent: str = "unknown"
    """What a message says when a record has no value."""
    adds_up: bool = False
    """A message about several records shows the sum."""


_ALL = frozenset(Kind)
_WEB = frozenset({Kind.FLOW, Kind.EXCHANGE, Kind.CONTACT, Kind.CANARY})
_NET = _WEB | {Kind.LOOKUP}
_OWNED = _NET | {Kind.FILE, Kind.LISTENER, Kind.ATTEMPT}
_TIMED = _NET | {Kind.LISTENER, Kind.ATTEMPT}
_DNS = frozenset({Kind.LOOKUP, Kind.CANARY})
_FILE = frozenset({Kind.FILE, Kind.CANARY})
_MARKED = _NET | {Kind.FILE}
_TRANSPORT = _WEB | {Kind.LISTENER}
_SIGHTING = frozenset({Kind.CANARY})
_LISTENER = frozenset({Kind.LISTENER})
_ATTEMPT = frozenset({Kind.ATTEMPT})
_RUN = frozenset({Kind.RUN})
_GAP = frozenset({Kind.GAP})
_CONTROL = frozenset({Kind.CONTROL})
_NUMBER = FieldType.NUMBER
_FLAG = FieldType.FLAG
_ADDRESS = FieldType.ADDRESS
_NOWHERE = "an unknown address"
_SOMEBODY = "an unknown organisation"
_NOBODY = "an unidentified process"

_SUBJECTS = ("flow", "lookup", "file", "other")
_NAME_TRANSPORTS = ("udp", "tcp", "dot", "doq", "doh")
_EXPOSURES = ("loopback", "all-interfaces", "lan")
_SCOPES = ("named", "public", "private", "loopback", "link-local", "multicast", "broadcast")

FIELDS: tuple[Field, ...] = (
    Field("process.executable", _OWNED, "Path of the program.", absent=_NOBODY),
    Field("process.name", _OWNED, "File name of the program.", absent=_NOBODY),
    Field("process.args", _OWNED, "Each argument, the program's own name first."),
    Field("process.command_line", _OWNED, "The arguments joined by spaces."),
    Field("process.ancestry", _OWNED, "Programs from the parent up to the app's first process."),
    Field("audit.process.label", _OWNED, "The program; of an interpreter, with its script.", absent=_NOBODY),
    Field("audit.attribution", _OWNED, "How the process was found: `cookie`, `open`, `unknown`, ..."),
    Field("destination.domain", _NET, "Name the app used; of a lookup, the name asked for."),
    Field("destination.ip", _WEB, "Address.", _ADDRESS),
    Field("destination.port", _WEB, "Port; absent where the transport has none.", _NUMBER),
    Field("destination.address", _NET, "The name, or the address when there was no name.", absent=_NOWHERE),
    Field("destination.registered_domain", _NET, "The part of the name that somebody registered (eTLD+1)."),
    Field("audit.destination.site", _NET, "The registered domain; without one, the name or address itself."),
    Field("audit.destination.scope", _NET, "`named`, or the kind of a bare address.", values=_SCOPES),
    Field("network.transport", _TRANSPORT, "`tcp`, `udp`, `icmp`, ..."),
    Field("network.protocol", _WEB, "`http`, `https`, `h2`, `h3`, `ws`, `dns`, `tls`, `quic`, `raw`."),
    Field("source.bytes", _WEB, "Bytes the app sent in the flow.", _NUMBER, adds_up=True),
    Field("destination.bytes", _WEB, "Bytes that came back in the flow.", _NUMBER, adds_up=True),
    Field("tls.client.server_name", _WEB, "SNI."),
    Field("audit.tls.ja4", _WEB, "JA4 fingerprint of the TLS client."),
    Field("audit.tls.unverified", _WEB, "It went on with a certificate that must be refused.", _FLAG),
    Field("audit.visibility", _WEB, "How much could be read.", values=tuple(Visibility)),
    Field("audit.note", _WEB, "What a reader must know of the flow."),
    Field("url.full", _WEB, "Whole URL; of a flow, of each request in it."),
    Field("url.domain", _WEB, "Host in the URL."),
    Field("url.path", _WEB, "Path, with its leading slash."),
    Field("url.query", _WEB, "Query, without the question mark."),
    Field("http.request.method", _WEB, "`GET`, `POST`, ..."),
    Field("http.request.body.bytes", _WEB, "Body bytes the app sent.", _NUMBER, adds_up=True),
    Field("http.request.mime_type", _WEB, "Content type of the request, without parameters."),
    Field("http.response.status_code", _WEB, "Status that our stand-in answered.", _NUMBER),
    Field("user_agent.original", _WEB, "User-Agent header."),
    Field("audit.purpose", _WEB, "Why the contact was made.", values=tuple(Purpose)),
    Field("audit.declared", _NET, "The user declared this host.", _FLAG),
    Field("audit.declared_purpose", _NET, "The purpose that the user declared for this host."),
    Field("audit.entity.name", _NET, "Organisation behind the destination.", absent=_SOMEBODY),
    Field("dns.question.name", _DNS, "Name asked for."),
    Field("dns.question.type", _DNS, "`A`, `AAAA`, `TXT`, `PTR`, ..."),
    Field("dns.resolved_ip", _DNS, "Addresses answered.", _ADDRESS),
    Field("audit.lookup.followed", _DNS, "A flow to that name followed.", _FLAG),
    Field("audit.lookup.server", _DNS, "Name or address of the name server asked.", absent=_NOWHERE),
    Field("audit.lookup.chosen", _DNS, "That is not the name server the system is set up with.", _FLAG),
    Field("audit.lookup.server_declared", _DNS, "The user declared that name server.", _FLAG),
    Field("audit.lookup.transport", _DNS, "How it was asked.", values=_NAME_TRANSPORTS),
    Field("file.path", _FILE, "Path as the app saw it."),
    Field("file.name", _FILE, "Last part of the path."),
    Field("file.directory", _FILE, "The rest of the path."),
    Field("file.extension", _FILE, "After the last dot, without it."),
    Field("file.size", _FILE, "Bytes afterwards.", _NUMBER, adds_up=True),
    Field("audit.file.place", _FILE, "The path with the home directory written as `~`."),
    Field("audit.file.change", _FILE, "What happened.", values=("created", "modified", "deleted")),
    Field("audit.file.planted", _FILE, "We put this file there.", _FLAG),
    Field("audit.file.metadata", _FILE, "`mode`, `owner`, `symlink`, ...: what else changed."),
    Field("audit.canary.ids", _MARKED, "Canaries found in what left, or in the file."),
    Field("audit.canary.kinds", _MARKED, "Their kinds.", values=tuple(CanaryKind)),
    Field("audit.canary.id", _SIGHTING, "The canary: `prompt-1`, `identity-hostname`, ..."),
    Field("audit.canary.kind", _SIGHTING, "What it pretends to be.", values=tuple(CanaryKind)),
    Field("audit.canary.planted_in", _SIGHTING, "Where it was planted, in words."),
    Field("audit.canary.where", _SIGHTING, "Which part: `request body`, `url`, `lookup`, `stream`, ..."),
    Field("audit.canary.subject", _SIGHTING, "What it was found in.", values=_SUBJECTS),
    Field("audit.canary.encoding", _SIGHTING, "Each decoder from the wire inwards; none for plain text."),
    Field("audit.canary.form", _SIGHTING, "The decoders as one phrase: `plain text`, `gzip > base64`."),
    Field("audit.canary.extent", _SIGHTING, "How much of a long one was there: `7 of 24 sentences`."),
    Field("audit.canary.direction", _SIGHTING, "Left the app, or came back.", values=("out", "in")),
    Field("audit.canary.excerpt", _SIGHTING, "What was around it, redacted; the match in `[[ ]]`."),
    Field("audit.listener.address", _LISTENER, "Address it listens on.", _ADDRESS),
    Field("audit.listener.port", _LISTENER, "Port it listens on.", _NUMBER),
    Field("audit.listener.exposure", _LISTENER, "Who can reach it.", values=_EXPOSURES),
    Field("audit.attempt.call", _ATTEMPT, "System call that the box refused."),
    Field("audit.attempt.detail", _ATTEMPT, "Its arguments, in words."),
    Field("audit.phase", _TIMED, "Phase of the run.", values=tuple(APP_PHASES), absent="the run"),
    Field("audit.mode", _ALL, "What the box took for the internet.", values=tuple(Mode)),
    Field("audit.driver", _ALL, "How the app was used: `none`, `argv`, `openai`, ..."),
    Field("audit.assurance", _ALL, "How much of the box stood.", values=tuple(Assurance)),
    Field("audit.run.sealed", _RUN, "The recording ended by itself.", _FLAG),
    Field("audit.run.app_status", _RUN, "How the app ended, in words."),
    Field("audit.run.prompted", _RUN, "A prompt was handed to the app.", _FLAG),
    Field("audit.run.answered", _RUN, "The app gave some answer.", _FLAG),
    Field("audit.paired.outcome", _RUN, "What paired runs showed.", values=tuple(DependenceOutcome)),
    Field("audit.paired.follows", _RUN, "What leaves goes with this.", values=tuple(Family)),
    Field("audit.paired.content", _RUN, "Sizes, counts, names, hosts that go with what was typed, in words."),
    Field("audit.paired.time", _RUN, "Times that go with what was typed, in words."),
    Field("audit.paired.use", _RUN, "What goes with whether anything was typed, in words."),
    Field("audit.paired.runs", _RUN, "Paired runs that were made.", _NUMBER),
    Field("audit.gap.text", _GAP, "What could not be seen."),
    Field("audit.gap.blinds", _GAP, "Finding nothing proves nothing any more.", _FLAG),
    Field("audit.control.channel", _CONTROL, "Channel: `https`, `dns`, `file`, ..."),
    Field("audit.control.seen", _CONTROL, "What we sent on it was seen.", _FLAG),
    Field("audit.control.attributed", _CONTROL, "The process that sent it was named.", _FLAG),
    Field("audit.control.decoded", _CONTROL, "Its protocol was understood; absent where it has none.", _FLAG),
    Field("audit.control.round", _CONTROL, "When it was sent.", values=("before", "after")),
)  # fmt: skip

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}

COUNT = "audit.count"
"""Only in messages: how many records the finding stands for."""


def names_for(kind: Kind) -> tuple[str, ...]:
    """Names that records of one kind carry."""
    return tuple(field.name for field in FIELDS if kind in field.kinds)


def type_fault(field: Field, value: object) -> str:
    """Why a plain value cannot be one of the field's; empty when it can.

    >>> type_fault(BY_NAME["destination.port"], "443")
    'expects a number'
    """
    fits = {
        FieldType.TEXT: isinstance(value, str),
        FieldType.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
        FieldType.FLAG: isinstance(value, bool),
        FieldType.ADDRESS: isinstance(value, str),
    }
    article = "an" if field.type is FieldType.ADDRESS else "a" if field.type is not FieldType.FLAG else ""
    return "" if fits[field.type] else f"expects {article} {field.type}".replace("  ", " ")
