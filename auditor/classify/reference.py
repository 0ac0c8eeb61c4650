"""What was asked and answered, and what the plain llama.cpp inference did in the same box.

Not a comparison: the report sets it beside the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.case import Answer
from auditor.model.case import Reference
from auditor.model.observation import AnswerReceived
from auditor.model.observation import FileChanged
from auditor.model.observation import ListenerSeen
from auditor.model.observation import PromptSent
from auditor.model.observation import ReferenceRan

if TYPE_CHECKING:
    from auditor.classify.contacts import Contacts
    from auditor.classify.ledger import Ledger
    from auditor.classify.processes import ProcessTable
    from auditor.classify.search.places import Place
    from auditor.model.canary import Sighting

ROLE = "reference"


def answers(ledger: Ledger, role: str) -> tuple[Answer, ...]:
    """Each prompt of one launch with its answer, those without one too."""
    received = {what.index: what for _, what in ledger.all(AnswerReceived) if what.role == role}
    sent = {what.index: what for _, what in ledger.all(PromptSent) if what.role == role}
    return tuple(_answer(index, sent[index], received.get(index)) for index in sorted(sent))


def _answer(index: int, sent: PromptSent, received: AnswerReceived | None) -> Answer:
    if received is None:
        error = "no answer was recorded"
        return Answer(
            index=index, prompt=sent.text, answer="", contains_marker=False, seconds=0.0, error=error
        )
    return Answer(
        index=index,
        prompt=sent.text,
        answer=received.text,
        contains_marker=received.contains_marker,
        seconds=received.seconds,
        error=received.error,
    )


def reference(
    ledger: Ledger, contacts: Contacts, processes: ProcessTable, sightings: list[tuple[Place, Sighting]]
) -> Reference | None:
    """Counted from the same observations as the app; None when it did not run."""
    ran = ledger.first(ReferenceRan)
    if ran is None:
        return None
    said = answers(ledger, ROLE)
    return Reference(
        engine=ran.engine,
        version=ran.version,
        model_sha256=ran.model_sha256,
        prompts=len(said),
        answers=said,
        flows=sum(one.role == ROLE for one in contacts.contacts),
        lookups=sum(one.role == ROLE for one in contacts.questions),
        files=sum(what.role == ROLE for _, what in ledger.all(FileChanged)),
        canaries_found=len(
            {one.canary for place, one in sightings if place.role == ROLE and one.direction == "out"}
        ),
        listeners=len(
            {(what.address, what.port) for _, what in ledger.all(ListenerSeen) if what.role == ROLE}
        ),
        processes=len(processes.processes(ROLE)),
        tokens_per_second=ran.tokens_per_second,
        error=ran.error,
    )
