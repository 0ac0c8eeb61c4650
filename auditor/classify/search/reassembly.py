"""What only shows when the values that left are looked at together: pieces of marks, counters of use.

Not the search of single places: that is done first (`canaries`), and what it found is not looked for again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.classify.search import lines
from auditor.classify.search import shards
from auditor.classify.search.canaries import Hunt
from auditor.classify.search.digests import texts
from auditor.classify.search.excerpt import CLOSE
from auditor.classify.search.excerpt import OPEN
from auditor.classify.search.hmacs import keyed
from auditor.classify.search.pieces import pieces
from auditor.classify.search.places import Place
from auditor.classify.search.usage import Typed
from auditor.classify.search.usage import measured
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.canary import Sighting
from auditor.model.observation import PromptSent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from auditor.classify.contacts import Contacts
    from auditor.classify.ledger import Ledger
    from auditor.classify.search.pieces import Piece
    from auditor.evidence.store import RunDirectory

USAGE = Canary(
    id="usage-length", kind=CanaryKind.USAGE, value="", planted_in="how much was typed into each prompt"
)
"""Stands for every counter that follows the prompts."""
MOST_JOINED = 16 << 20
"""Characters that are searched in joined values."""
_BATCH = 128 * 1024
"""Characters of lines that are searched at once."""
_DIGEST = 80
"""Characters of a digest that an excerpt shows."""
_TEXTS = 8
"""Ways to tidy up a text that are tried with every key."""
_QUOTED = 12
"""Pieces that an excerpt shows."""
_RANDOM = (CanaryKind.FILE, CanaryKind.ENV)
_TYPED = (CanaryKind.PROMPT, CanaryKind.DOCUMENT, CanaryKind.RESPONSE, *_RANDOM)


APP = "app"


def together(
    directory: RunDirectory,
    ledger: Ledger,
    contacts: Contacts,
    hunt: Hunt,
    found: Iterable[tuple[Place, Sighting]],
) -> list[tuple[Place, Sighting]]:
    """Everything about the app that only shows when values are looked at together.

    Args:
        directory: The run.
        ledger: Its journal.
        contacts: What left.
        hunt: The search of single places, which knows the marks.
        found: What the search of single places found.
    """
    values = pieces(directory, contacts.contacts, contacts.questions, APP)
    seen = {one.canary for place, one in found if place.role == APP and one.direction == "out"}
    unseen = [
        one for one in hunt.sought.values() if one.id not in seen and one.kind is not CanaryKind.CONTROL
    ]
    sightings = [
        *reassembled(values, unseen, hunt),
        *_keyed(values, unseen),
        *counted(values, typed(ledger, APP)),
    ]
    return [(Place(where=one.where, subject=one.subject, role=APP), one) for one in sightings]


def counters(found: Iterable[tuple[Place, Sighting]]) -> tuple[Canary, ...]:
    """The stand-in for counters of use, when one was found."""
    return (USAGE,) if any(one.canary == USAGE.id for _, one in found) else ()


def reassembled(values: Sequence[Piece], unseen: Iterable[Canary], hunt: Hunt) -> Iterator[Sighting]:
    """Every mark that left in pieces.

    Args:
        values: What left, in order of time.
        unseen: The marks that were not found whole.
        hunt: Finds these, and perhaps others.
    """
    wanted = [one for one in unseen if one.kind in _TYPED]
    if not wanted or len(values) < 2:
        return
    found = list(lines.groups(values))
    joined = {sighting.canary: sighting for sighting in reversed(list(_joined(found, wanted, hunt)))}
    yield from joined.values()
    secrets = [secret for one in wanted if one.id not in joined if (secret := _secret(one)) is not None]
    solved: dict[str, Sighting] = {}
    for one in shards.solve(found, secrets):
        solved.setdefault(one.canary, _puzzled(one))
    yield from solved.values()


def _secret(canary: Canary) -> shards.Secret | None:
    if canary.kind in _RANDOM:
        return shards.random_secret(canary.id, canary.value)
    return shards.marker_secret(canary.id, canary.value)


def _joined(found: Iterable[lines.Group], wanted: Sequence[Canary], hunt: Hunt) -> Iterator[Sighting]:
    """Lines that hold a mark: many are searched as one text first, each by itself where it held something."""
    ids, fresh = {one.id for one in wanted}, Hunt(hunt.searcher, hunt.sought)

    def sightings(text: str, line: lines.Line) -> list[Sighting]:
        return [one for _, one in fresh.sightings((_place(text, line),)) if one.canary in ids]

    for batch in _batches(line for group in found for line in lines.lines(group)):
        if sightings("\n".join(line.text for line in batch), batch[-1]):
            yield from (_in_line(one, line) for line in batch for one in sightings(line.text, line))


def _batches(each: Iterable[lines.Line]) -> Iterator[list[lines.Line]]:
    """All different lines, up to `MOST_JOINED` characters."""
    seen: set[str] = set()
    batch: list[lines.Line] = []
    left, size = MOST_JOINED, 0
    for line in each:
        if line.text in seen or left < 0:
            continue
        seen.add(line.text)
        batch.append(line)
        left, size = left - len(line.text), size + len(line.text)
        if size > _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _place(text: str, line: lines.Line) -> Place:
    last = line.pieces[-1]
    return Place(where=last.where, subject=last.subject, role=APP, data=text.encode(), exchange=last.exchange)


def _in_line(one: Sighting, line: lines.Line) -> Sighting:
    last = max(line.pieces, key=lambda piece: piece.at)
    return Sighting(
        canary=one.canary, where=last.where, subject=last.subject, exchange=last.exchange,
        encoding=("shards", *one.encoding), excerpt=one.excerpt, extent=one.extent,
    )  # fmt: skip


def _puzzled(one: shards.Solved) -> Sighting:
    used = [piece for _, piece in one.parts]
    last = max(used, key=lambda piece: piece.at)
    shown = " + ".join(f"{OPEN}{text}{CLOSE}" for text, _ in one.parts[:_QUOTED])
    return Sighting(
        canary=one.canary, where=last.where, subject=last.subject, exchange=last.exchange,
        encoding=("shards", *one.chain), excerpt=shown + (" + ..." if len(one.parts) > _QUOTED else ""),
    )  # fmt: skip


def _keyed(values: Sequence[Piece], unseen: Iterable[Canary]) -> Iterator[Sighting]:
    """Every mark that left as a digest with a key beside it, once."""
    found = keyed(values, {canary.id: texts(canary)[:_TEXTS] for canary in unseen})
    for one in {one.canary: one for one in reversed(list(found))}.values():
        digest = one.digest
        yield Sighting(
            canary=one.canary, where=digest.where, subject=digest.subject, exchange=digest.exchange,
            encoding=(one.writing, one.function),
            excerpt=f"{digest.slot}: {OPEN}{digest.text[:_DIGEST]}{CLOSE}, key in {one.key.slot}",
        )  # fmt: skip


def typed(ledger: Ledger, role: str) -> tuple[Typed, ...]:
    """The prompts of one launch, in order of time."""
    return tuple(
        Typed(at=entry.mono, text=what.text) for entry, what in ledger.all(PromptSent) if what.role == role
    )


def counted(values: Sequence[Piece], prompts: Sequence[Typed]) -> Iterator[Sighting]:
    """Every field that told how much was typed, at its last prompt."""
    for one in measured(values, prompts):
        last = one.pieces[-1]
        numbers = ", ".join(f"{OPEN}{piece.text}{CLOSE}" for piece in one.pieces)
        yield Sighting(
            canary=USAGE.id, where=last.where, subject=last.subject, exchange=last.exchange,
            encoding=(f"length in {one.unit}",), excerpt=f"{last.slot}: {numbers}",
        )  # fmt: skip
