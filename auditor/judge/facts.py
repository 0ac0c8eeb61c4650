"""A case as flat records, one for each thing a rule may look at, under the names of the field registry.

Not a judgement and not a new derivation: every value is in the case already, or is its plain rewording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import TypeAlias

from auditor.judge import facts_fields as of
from auditor.judge.field import Kind
from auditor.judge.field import Value
from auditor.model.canary import CanaryKind
from auditor.model.flow import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from auditor.judge.detection import Fields
    from auditor.model.canary import Canary
    from auditor.model.canary import Sighting
    from auditor.model.case import Case
    from auditor.model.file import FileChange
    from auditor.model.flow import Flow
    from auditor.model.flow import HttpExchange
    from auditor.model.flow import Lookup
    from auditor.model.process import Owner

JOURNAL = ("events.jsonl",)
"""Evidence of what has no line of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing a rule looks at."""

    fields: Fields
    subject: str = ""
    """Id of the flow or lookup, path of the file; empty for the run itself."""
    evidence: tuple[str, ...] = JOURNAL
    process: Owner | None = None
    destination: Destination | None = None
    entity: str = ""
    phase: str = ""
    excerpt: str = ""


Facts: TypeAlias = Mapping[Kind, tuple[Record, ...]]


def facts_of(case: Case) -> Facts:
    """Every record of a case, by kind."""
    maker = _Maker(case)
    flows = [(flow.id, maker.flow(flow)) for flow in case.flows]
    exchanges = [(one.id, maker.exchange(flow, one)) for flow in case.flows for one in flow.requests]
    lookups = [(lookup.id, maker.lookup(lookup)) for lookup in case.lookups]
    files = [(change.path, maker.file(change)) for change in case.files]
    bare = [pair for pair, flow in zip(flows, case.flows, strict=True) if not flow.requests]
    places = {
        name: (subject, record)
        for subject, pairs in (("lookup", lookups), ("file", files), ("flow", flows + exchanges))
        for name, record in pairs
    }
    return {
        Kind.RUN: (Record(fields=maker.base | of.run_fields(case)),),
        Kind.FLOW: _records(flows),
        Kind.EXCHANGE: _records(exchanges),
        Kind.CONTACT: _records(exchanges + bare),
        Kind.LOOKUP: _records(lookups),
        Kind.FILE: _records(files),
        Kind.LISTENER: tuple(maker.listeners()),
        Kind.ATTEMPT: tuple(maker.attempts()),
        Kind.CANARY: tuple(maker.sightings(places)),
        Kind.GAP: tuple(Record(fields=maker.base | of.gap_fields(gap)) for gap in case.coverage.gaps),
        Kind.CONTROL: tuple(
            Record(fields=maker.base | of.control_fields(control)) for control in case.coverage.controls
        ),
    }


def _records(pairs: Sequence[tuple[str, Record]]) -> tuple[Record, ...]:
    return tuple(record for _, record in pairs)


@dataclass(slots=True)
class _Maker:
    """Makes records of one case, with what they have in common looked up once."""

    case: Case
    base: dict[str, Value] = field(init=False)
    _kinds: dict[str, CanaryKind] = field(init=False)
    _followed: frozenset[str] = field(init=False)
    _sent_in: dict[str, tuple[str, ...]] = field(init=False)
    """Canaries found in what each exchange sent."""

    def __post_init__(self) -> None:
        run = self.case.run
        self.base = {
            "audit.mode": run.mode.value, "audit.driver": run.driver, "audit.assurance": run.assurance.value,
        }  # fmt: skip
        self._kinds = {report.canary.id: report.canary.kind for report in self.case.canaries}
        names = [lookup.name for lookup in self.case.lookups if lookup.followed]
        contacted = [flow.destination.domain for flow in self.case.flows if flow.destination.domain]
        self._followed = frozenset(name.rstrip(".").lower() for name in names + contacted)
        self._sent_in = {}
        for report in self.case.canaries:
            for sighting in report.found:
                if sighting.exchange and sighting.direction == "out":
                    seen = self._sent_in.get(sighting.exchange, ())
                    self._sent_in[sighting.exchange] = tuple(dict.fromkeys((*seen, sighting.canary)))

    def _canaries(self, ids: tuple[str, ...]) -> dict[str, Value]:
        kinds = tuple(dict.fromkeys(self._kinds[one].value for one in ids if one in self._kinds))
        return of.present({"audit.canary.ids": ids, "audit.canary.kinds": kinds})

    def _flow_fields(self, flow: Flow) -> dict[str, Value]:
        return (
            self.base
            | of.process_fields(flow.process)
            | of.destination_fields(flow.destination)
            | of.flow_fields(flow, self.case.run.declared)
            | self._canaries(flow.canaries)
        )

    def flow(self, flow: Flow) -> Record:
        """A flow, with what all of its exchanges say."""
        fields = self._flow_fields(flow) | of.exchanges_fields(flow.requests)
        return _of_flow(flow, fields, flow.id, flow.evidence)

    def exchange(self, flow: Flow, exchange: HttpExchange) -> Record:
        """One exchange, with what its flow says where it says nothing itself."""
        sent = self._sent_in.get(exchange.id, ())
        fields = self._flow_fields(flow)
        del fields["audit.purpose"]
        fields = {name: value for name, value in fields.items() if not name.startswith("audit.canary.")}
        fields |= of.exchange_fields(exchange) | self._canaries(sent)
        evidence = (exchange.evidence,) if exchange.evidence else flow.evidence
        return _of_flow(flow, fields, flow.id, evidence)

    def lookup(self, lookup: Lookup) -> Record:
        """A question to a name server."""
        destination = Destination(domain=lookup.name.rstrip(".").lower(), ip="", port=0)
        fields = (
            self.base
            | of.process_fields(lookup.process)
            | of.destination_fields(destination)
            | of.lookup_fields(lookup, followed=destination.domain in self._followed)
            | of.declared_fields((lookup.name,), self.case.run.declared, declared=lookup.declared)
            | self._canaries(lookup.canaries)
        )
        return Record(
            fields=fields, subject=lookup.id, evidence=lookup.evidence or JOURNAL, process=lookup.process,
            destination=destination, entity=lookup.entity, phase=lookup.phase,
        )  # fmt: skip

    def file(self, change: FileChange) -> Record:
        """A file that the app left different."""
        planted = any(change.path in report.canary.planted_in for report in self.case.canaries)
        fields = (
            self.base
            | of.process_fields(change.process)
            | of.file_fields(change, self.case.run.home, planted=planted)
            | self._canaries(change.canaries)
        )
        return Record(
            fields=fields, subject=change.path, evidence=change.evidence or JOURNAL, process=change.process
        )

    def listeners(self) -> Iterator[Record]:
        """Sockets that accepted connections."""
        for one in self.case.listeners:
            fields = self.base | of.process_fields(one.process) | of.listener_fields(one)
            yield Record(
                fields=fields, subject=f"{one.transport} {one.address}:{one.port}",
                evidence=one.evidence or JOURNAL, process=one.process, phase=one.phase,
            )  # fmt: skip

    def attempts(self) -> Iterator[Record]:
        """System calls that the box refused."""
        for one in self.case.attempts:
            fields = self.base | of.process_fields(one.process) | of.attempt_fields(one)
            yield Record(
                fields=fields, evidence=one.evidence or JOURNAL, process=one.process, phase=one.phase
            )

    def sightings(self, places: Mapping[str, tuple[str, Record]]) -> Iterator[Record]:
        """Every place where a canary of the app's was found, with the record of that place.

        Args:
            places: What a sighting may name: `flow`, `lookup` or `file`, and its record.
        """
        for report in self.case.canaries:
            if report.canary.kind is not CanaryKind.CONTROL:
                for sighting in report.found:
                    yield self._sighting(report.canary, sighting, places)

    def _sighting(
        self, canary: Canary, sighting: Sighting, places: Mapping[str, tuple[str, Record]]
    ) -> Record:
        unknown = ("other", Record(fields=self.base, subject=sighting.subject))
        subject, place = places.get(sighting.exchange) or places.get(sighting.subject) or unknown
        fields = dict(place.fields) | of.sighting_fields(canary, sighting, subject)
        return Record(
            fields=fields, subject=place.subject, evidence=place.evidence, process=place.process,
            destination=place.destination, entity=place.entity, phase=place.phase, excerpt=sighting.excerpt,
        )  # fmt: skip


def _of_flow(flow: Flow, fields: Fields, subject: str, evidence: tuple[str, ...]) -> Record:
    return Record(
        fields=fields, subject=subject, evidence=evidence or JOURNAL, process=flow.process,
        destination=flow.destination, entity=flow.entity, phase=flow.phase,
    )  # fmt: skip
