"""One run directory in, one case out.

Not a judgement. Each step is a function over the steps before it; nothing is kept between two calls.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.classify import coverage
from auditor.classify import disk
from auditor.classify import ledger as ledgers
from auditor.classify import purpose
from auditor.classify import reference
from auditor.classify import runs
from auditor.classify.attribution import Attribution
from auditor.classify.contacts import NAME_SERVICE
from auditor.classify.contacts import Contacts
from auditor.classify.entities import entity
from auditor.classify.hosts import Declarations
from auditor.classify.hosts import Names
from auditor.classify.processes import ProcessTable
from auditor.classify.search import canaries
from auditor.classify.search import places
from auditor.classify.search import reassembly
from auditor.classify.search import responses
from auditor.classify.wire import frames
from auditor.classify.wire import packets
from auditor.classify.wire import strays
from auditor.classify.wire.known import Wire
from auditor.classify.writers import Writers
from auditor.evidence import journal
from auditor.evidence import store
from auditor.model.canary import CanaryKind
from auditor.model.canary import CanaryReport
from auditor.model.case import Case
from auditor.model.flow import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.classify.contacts import Contact
    from auditor.classify.contacts import Question
    from auditor.classify.exchanges import Exchange
    from auditor.classify.search.places import Place
    from auditor.evidence.store import RunDirectory
    from auditor.model.canary import Canary
    from auditor.model.canary import Sighting
    from auditor.model.flow import Flow
    from auditor.model.flow import HttpExchange
    from auditor.model.flow import Lookup

APP = "app"
NAME_SERVER = "doh"
"""`served_by` of a request that was a question about a name (`auditor.internet.doh`)."""


def classify(directory: RunDirectory) -> Case:
    """Derive everything that can be known from a run directory, sealed or not.

    Raises:
        ValueError: the journal is broken before its last line, or does not open a run.
        OSError: the journal cannot be read.
    """
    ledger = ledgers.read(journal.read(directory.events))
    run = runs.run_of(ledger, sealed=directory.sealed, altered=_altered(directory))
    processes = ProcessTable(ledger)
    attribution = Attribution(ledger, processes)
    writers = Writers(ledger, processes)
    contacts = Contacts(ledger, processes, attribution)
    books = _books(directory, ledger, contacts, processes)
    planted = canaries.planted(ledger) + responses.spoken(ledger, APP)
    hunt = canaries.hunt_for(planted)
    sightings = list(hunt.sightings(_places(directory, ledger, contacts, books.capture)))
    together = reassembly.together(directory, ledger, contacts, hunt, sightings)
    sightings += together
    planted += reassembly.counters(together)
    facts = _Facts(directory, planted, [one for _, one in sightings], Declarations(run.declared))
    material = coverage.Material(
        run=run, ledger=ledger, contacts=contacts.contacts, questions=contacts.questions,
        sightings=[one for _, one in sightings], hunt=hunt, books=books, writers=writers,
    )  # fmt: skip
    return Case(
        run=run,
        flows=tuple(facts.flow(one) for one in contacts.contacts if one.role == APP),
        lookups=tuple(facts.lookup(one) for one in contacts.questions if one.role == APP),
        canaries=_reports(planted, sightings),
        files=disk.file_changes(ledger, writers, facts.found),
        listeners=disk.listeners(ledger, attribution),
        processes=processes.processes(APP),
        attempts=disk.attempts(ledger, processes),
        coverage=coverage.coverage(material),
        reference=reference.reference(ledger, contacts, processes, sightings),
        answers=reference.answers(ledger, APP),
    )


def _altered(directory: RunDirectory) -> tuple[str, ...]:
    """Raw files that are not as they were sealed; the manifest itself when it cannot be read."""
    if not directory.sealed:
        return ()
    try:
        return store.verify(directory)
    except ValueError:
        return (directory.manifest.name,)


def _books(
    directory: RunDirectory, ledger: ledgers.Ledger, contacts: Contacts, processes: ProcessTable
) -> frames.Books:
    """Set the journal against the capture, which adds contacts of its own."""
    capture = packets.read(directory, Wire(ledger))
    found = strays.find(capture, contacts.contacts, ledger, processes, Names(ledger))
    contacts.contacts = found.contacts
    books = frames.open_books(capture, ledger, found.contacts, contacts.questions, found.claims)
    packets.reread(directory, capture, frames.searched_again(books))
    return books


def _places(
    directory: RunDirectory, ledger: ledgers.Ledger, contacts: Contacts, capture: packets.Capture
) -> Iterable[Place]:
    subjects = {(packets.far_side(one.flow), one.role): one.flow.id for one in contacts.contacts}
    yield from places.of_contacts(directory, ledger, contacts.contacts)
    yield from places.of_questions(contacts.questions)
    yield from places.of_files(directory, ledger)
    yield from capture.leftovers.places(subjects)
    yield from capture.again.places(subjects)


def _reports(planted: Iterable[Canary], sightings: list[tuple[Place, Sighting]]) -> tuple[CanaryReport, ...]:
    """What was planted for the app, with where it was found in what the app did."""
    return tuple(
        CanaryReport(
            canary=canary,
            found=tuple(one for place, one in sightings if one.canary == canary.id and place.role == APP),
        )
        for canary in planted
        if canary.kind is not CanaryKind.CONTROL
    )


class _Facts:
    """Adds to drafts what other parts know: canaries, purpose, organisation, declaration."""

    def __init__(
        self,
        directory: RunDirectory,
        planted: Iterable[Canary],
        sightings: Iterable[Sighting],
        declared: Declarations,
    ) -> None:
        self._directory = directory
        self._declared = declared
        self._kinds = {canary.id: canary.kind for canary in planted}
        found: dict[str, dict[str, None]] = {}
        for one in sightings:
            if one.direction == "out":
                for subject in {one.subject, one.exchange} - {""}:
                    found.setdefault(subject, {})[one.canary] = None
        self.found = {subject: tuple(ids) for subject, ids in found.items()}
        """Ids of canaries that left, by flow, exchange, look-up and path."""

    def flow(self, contact: Contact) -> Flow:
        """A finished flow."""
        flow = contact.flow
        host = flow.destination.domain
        requests = tuple(
            self._request(draft, one) for draft, one in zip(flow.requests, contact.exchanges, strict=True)
        )
        found = self.found.get(flow.id, ())
        return replace(
            flow,
            requests=requests,
            canaries=found,
            purpose=self._purpose(requests, found, host, asks=_only_asks(contact)),
            entity=entity(host).name,
            declared=self._declared.cover(host, flow.sni, flow.destination.ip),
        )

    def _purpose(
        self, requests: tuple[HttpExchange, ...], found: tuple[str, ...], host: str, *, asks: bool
    ) -> Purpose:
        kinds = [self._kinds[id_] for id_ in found]
        leaks = [purpose.LEAKS[kind] for kind in kinds if kind in purpose.LEAKS]
        if asks and not leaks:
            return Purpose.DNS_ONLY
        if requests or leaks:
            return purpose.worst([*leaks, *(one.purpose for one in requests)])
        return entity(host).purpose

    def _request(self, draft: HttpExchange, one: Exchange) -> HttpExchange:
        kinds = [self._kinds[id_] for id_ in self.found.get(draft.id, ())]
        body = one.body("out")
        start = b""
        if body and body.body:
            headers = one.request.headers
            start = places.beginning(self._directory.bodies / body.body, headers, purpose.BODY_START)
        request = purpose.shape(draft.method, draft.url, one.request.headers, start)
        found = purpose.purpose_of(request, kinds)
        asks = draft.served_by == NAME_SERVER and found not in purpose.LEAKS.values()
        return replace(draft, purpose=Purpose.DNS_ONLY if asks else found)

    def lookup(self, question: Question) -> Lookup:
        """A finished look-up."""
        lookup = question.lookup
        return replace(
            lookup,
            entity=entity(lookup.name.lower().rstrip(".")).name,
            declared=self._declared.cover(lookup.name),
            canaries=self.found.get(lookup.id, ()),
            server_declared=self._declared.cover(lookup.server_name, lookup.server),
        )


def _only_asks(contact: Contact) -> bool:
    """Whether it was a conversation with a name server and nothing else."""
    return contact.flow.protocol in NAME_SERVICE and not contact.streams and not contact.exchanges
