"""Each noun of the model as fields of the registry: small tables, nothing looked up elsewhere.

Not the records they end up in: those are put together by `auditor.judge.facts`.
"""

from __future__ import annotations

import functools
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auditor.judge import host
from auditor.judge import paired
from auditor.model.paired import Family

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from urllib.parse import SplitResult

    from auditor.judge.field import Scalar
    from auditor.judge.field import Value
    from auditor.model.canary import Canary
    from auditor.model.canary import Sighting
    from auditor.model.case import Case
    from auditor.model.coverage import ControlResult
    from auditor.model.coverage import Gap
    from auditor.model.file import Attempt
    from auditor.model.file import FileChange
    from auditor.model.file import Listener
    from auditor.model.flow import Destination
    from auditor.model.flow import Flow
    from auditor.model.flow import HttpExchange
    from auditor.model.flow import Lookup
    from auditor.model.paired import Dependence
    from auditor.model.process import Owner
    from auditor.model.run import Declared

INTERPRETERS = ("python", "node", "deno", "bun", "ruby", "perl", "java", "bash", "sh", "dash", "php")
"""Programs whose name says less than that of the script they run."""


def present(values: Mapping[str, Value | None]) -> dict[str, Value]:
    """The fields that have a value: neither None nor an empty text or list."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", ())}


@functools.lru_cache(maxsize=1024)
def process_fields(owner: Owner) -> dict[str, Value]:
    """Who did it; shared between records, so merge it and never change it."""
    name = PurePosixPath(owner.executable).name
    return present({
        "process.executable": owner.executable,
        "process.name": name,
        "process.args": owner.argv,
        "process.command_line": " ".join(owner.argv),
        "process.ancestry": owner.ancestry,
        "audit.process.label": _label(name, owner.argv),
        "audit.attribution": owner.attribution,
    })  # fmt: skip


def _label(name: str, argv: Sequence[str]) -> str:
    """The program's name; of an interpreter, with the script or module it runs.

    `python3.11 (chat.py)`, `node (cli.js)`, `python3 (-m http.server)`, `ollama`.
    """
    if not name.startswith(INTERPRETERS):
        return name
    for n, argument in enumerate(argv[1:], start=1):
        if argument in {"-m", "-jar"} and n + 1 < len(argv):
            return f"{name} ({argument} {PurePosixPath(argv[n + 1]).name})"
        if argument in {"-c", "-e"}:
            return f"{name} ({argument})"
        if not argument.startswith("-"):
            return f"{name} ({PurePosixPath(argument).name})"
    return name


@functools.lru_cache(maxsize=1024)
def destination_fields(destination: Destination) -> dict[str, Value]:
    """Where to; shared between records, so merge it and never change it."""
    domain = destination.domain.rstrip(".").lower()
    return present({
        "destination.domain": domain,
        "destination.ip": destination.ip,
        "destination.port": destination.port or None,
        "destination.address": domain or destination.ip,
        "destination.registered_domain": host.registered_domain(domain) if domain else "",
        "audit.destination.site": host.site(domain, destination.ip),
        "audit.destination.scope": host.scope(domain, destination.ip),
    })  # fmt: skip


def declared_fields(names: Sequence[str], entries: Sequence[Declared], *, declared: bool) -> dict[str, Value]:
    """What the user said about the destination, which goes by these names."""
    purpose = host.declared_purpose(names, entries) if declared else ""
    return present({"audit.declared": declared, "audit.declared_purpose": purpose})


def flow_fields(flow: Flow, entries: Sequence[Declared]) -> dict[str, Value]:
    """A flow by itself."""
    names = (flow.destination.domain, flow.sni, flow.destination.ip)
    purposes = dict.fromkeys((flow.purpose.value, *(one.purpose.value for one in flow.requests)))
    return present({
        "network.transport": flow.transport,
        "network.protocol": flow.protocol,
        "source.bytes": flow.bytes_out,
        "destination.bytes": flow.bytes_in,
        "tls.client.server_name": flow.sni,
        "audit.tls.ja4": flow.ja4,
        "audit.tls.unverified": flow.unverified,
        "audit.visibility": flow.visibility.value,
        "audit.note": flow.note,
        "audit.purpose": tuple(purposes),
        "audit.entity.name": flow.entity,
        "audit.phase": flow.phase,
    }) | declared_fields(names, entries, declared=flow.declared)  # fmt: skip


def exchange_fields(exchange: HttpExchange) -> dict[str, Value]:
    """One request with its answer."""
    url = _split(exchange.url)
    return present({
        "url.full": exchange.url,
        "url.domain": _host(url),
        "url.path": url.path,
        "url.query": url.query,
        "http.request.method": exchange.method,
        "http.request.body.bytes": exchange.bytes_out,
        "http.request.mime_type": _header(exchange, "content-type").partition(";")[0].strip().lower(),
        "http.response.status_code": exchange.status or None,
        "user_agent.original": _header(exchange, "user-agent"),
        "source.bytes": exchange.bytes_out,
        "destination.bytes": exchange.bytes_in,
        "audit.purpose": exchange.purpose.value,
    })  # fmt: skip


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # a URL that the app made up, such as one with half an IPv6 address
        return urlsplit("")


def _host(url: SplitResult) -> str:
    try:
        return url.hostname or ""
    except ValueError:
        return ""


def _header(exchange: HttpExchange, name: str) -> str:
    return next((value for key, value in exchange.request_headers if key.lower() == name), "")


_OF_THE_FLOW = ("source.bytes", "destination.bytes", "audit.purpose")
"""What a flow says for itself, whatever its exchanges say."""


def exchanges_fields(exchanges: Sequence[HttpExchange]) -> dict[str, Value]:
    """All exchanges of a flow: each field with the different values it has."""
    merged: dict[str, dict[Scalar, None]] = {}
    for exchange in exchanges:
        for name, value in exchange_fields(exchange).items():
            if name not in _OF_THE_FLOW:
                merged.setdefault(name, {}).update(
                    dict.fromkeys(value if isinstance(value, tuple) else (value,))
                )
    fields: dict[str, Value] = {name: tuple(values) for name, values in merged.items()}
    return fields | (
        {"http.request.body.bytes": sum(one.bytes_out for one in exchanges)} if exchanges else {}
    )


def lookup_fields(lookup: Lookup, *, followed: bool) -> dict[str, Value]:
    """A question to a name server; `followed` is about its name, whichever type was asked for."""
    return present({
        "dns.question.name": lookup.name.rstrip(".").lower(),
        "dns.question.type": lookup.type,
        "dns.resolved_ip": lookup.answers,
        "audit.lookup.followed": followed,
        "audit.lookup.server": lookup.server_name or lookup.server,
        "audit.lookup.chosen": lookup.chosen,
        "audit.lookup.server_declared": lookup.server_declared,
        "audit.lookup.transport": lookup.transport,
        "audit.entity.name": lookup.entity,
        "audit.phase": lookup.phase,
    })  # fmt: skip


def file_fields(change: FileChange, home: str, *, planted: bool) -> dict[str, Value]:
    """One difference on the disk."""
    path = PurePosixPath(change.path)
    inside = bool(home) and path.is_relative_to(home)
    return present({
        "file.path": change.path,
        "file.name": path.name,
        "file.directory": str(path.parent),
        "file.extension": path.suffix.lstrip("."),
        "file.size": change.bytes,
        "audit.file.place": f"~/{path.relative_to(home)}" if inside else change.path,
        "audit.file.change": change.change,
        "audit.file.planted": planted,
        "audit.file.metadata": change.metadata,
    })  # fmt: skip


def listener_fields(listener: Listener) -> dict[str, Value]:
    """A socket that accepted connections."""
    return present({
        "audit.listener.address": listener.address,
        "audit.listener.port": listener.port,
        "audit.listener.exposure": listener.exposure,
        "network.transport": listener.transport,
        "audit.phase": listener.phase,
    })  # fmt: skip


def attempt_fields(attempt: Attempt) -> dict[str, Value]:
    """A refused system call."""
    return present({
        "audit.attempt.call": attempt.call,
        "audit.attempt.detail": attempt.detail,
        "audit.phase": attempt.phase,
    })  # fmt: skip


def sighting_fields(canary: Canary, sighting: Sighting, subject: str) -> dict[str, Value]:
    """One canary in one place."""
    return present({
        "audit.canary.id": canary.id,
        "audit.canary.kind": canary.kind.value,
        "audit.canary.planted_in": canary.planted_in,
        "audit.canary.where": sighting.where,
        "audit.canary.subject": subject,
        "audit.canary.encoding": sighting.encoding,
        "audit.canary.form": " in ".join(
            filter(None, (sighting.extent, " > ".join(sighting.encoding) or "plain text"))
        ),
        "audit.canary.extent": sighting.extent,
        "audit.canary.direction": sighting.direction,
        "audit.canary.excerpt": sighting.excerpt,
    })  # fmt: skip


def run_fields(case: Case) -> dict[str, Value]:
    """The run as a whole."""
    return present({
        "audit.run.sealed": case.run.sealed,
        "audit.run.app_status": case.run.app_status,
        "audit.run.prompted": case.coverage.prompted,
        "audit.run.answered": case.coverage.answered,
        **_paired_fields(case.dependence),
    })  # fmt: skip


def _paired_fields(dependence: Dependence | None) -> dict[str, Value | None]:
    if dependence is None:
        return {}
    return {
        "audit.paired.outcome": dependence.outcome.value,
        "audit.paired.follows": tuple(family.value for family in dependence.families()),
        "audit.paired.content": paired.effects_of(dependence, paired.CONTENT),
        "audit.paired.time": paired.effects_of(dependence, paired.TIME),
        "audit.paired.use": paired.effects_of(dependence, (Family.USE,)),
        "audit.paired.runs": dependence.runs,
    }


def gap_fields(gap: Gap) -> dict[str, Value]:
    """Something that could not be seen."""
    return present({"audit.gap.text": gap.text, "audit.gap.blinds": gap.blinds})


def control_fields(control: ControlResult) -> dict[str, Value]:
    """One channel of the positive control."""
    return present({
        "audit.control.channel": control.channel,
        "audit.control.seen": control.seen,
        "audit.control.attributed": control.attributed,
        "audit.control.decoded": control.decoded,
        "audit.control.round": control.round,
    })  # fmt: skip
