"""Finding everything that was planted in everything that was observed.

Not a judgement: a sighting in an answer, in a control's flow or in a file is reported like any other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.classify.search import parts
from auditor.classify.search.budget import budget_for
from auditor.classify.search.digests import digests
from auditor.classify.search.digests import end_of
from auditor.classify.search.engine import Hit
from auditor.classify.search.engine import Searcher
from auditor.classify.search.excerpt import excerpt
from auditor.classify.search.forms import forms
from auditor.classify.search.paths import steps
from auditor.classify.search.unfold import unfold
from auditor.classify.search.wholes import wholes
from auditor.classify.search.windows import windows
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.canary import Sighting
from auditor.model.observation import CanaryPlanted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.classify.ledger import Ledger
    from auditor.classify.search.places import Place


def planted(ledger: Ledger) -> tuple[Canary, ...]:
    """All canaries of a run, in order of planting."""
    return tuple(
        Canary(
            id=what.id, kind=CanaryKind(what.canary), value=what.value,
            planted_in=what.planted_in, context=what.context,
        )
        for _, what in ledger.all(CanaryPlanted)
        if what.canary in set(CanaryKind)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """The plainest sight of one canary in some bytes."""

    canary: str
    encoding: tuple[str, ...]
    path: tuple[str, ...]
    excerpt: str
    extent: str
    rank: tuple[int, bool, int]
    """Shorter chains first; text before bytes; decoded text before a pattern inside encoded text."""


@dataclass(slots=True)
class Hunt:
    """One search over many places; equal bodies are read once."""

    searcher: Searcher
    sought: Mapping[str, Canary]
    """By id."""
    cut: list[Place] = field(default_factory=list)
    """Places that unfolded to more than the budget allows."""
    missing: list[Place] = field(default_factory=list)
    """Places whose bytes are not there."""
    _known: dict[tuple[Path, tuple[str, ...]], tuple[list[Found], bool]] = field(default_factory=dict)

    def sightings(self, places: Iterable[Place]) -> Iterator[tuple[Place, Sighting]]:
        """All sightings, in the order of the places, at most one of each canary in each place."""
        for place in places:
            try:
                found, cut = self._look(place)
            except OSError:
                self.missing.append(place)
                continue
            if cut:
                self.cut.append(place)
            for one in found:
                yield place, Sighting(
                    canary=one.canary, where=place.where, subject=place.subject, exchange=place.exchange,
                    encoding=one.encoding, path=" > ".join((place.where, *one.path)), excerpt=one.excerpt,
                    extent=one.extent, direction=place.direction,
                )  # fmt: skip

    def _look(self, place: Place) -> tuple[list[Found], bool]:
        if place.file is None:
            return self._read(place)
        key = (place.file, place.codings)
        if key not in self._known:
            self._known[key] = self._read(place)
        return self._known[key]

    def _read(self, place: Place) -> tuple[list[Found], bool]:
        budget = budget_for(place.size)
        best: dict[str, Found] = {}
        seen: defaultdict[str, set[str]] = defaultdict(set)
        for chain, data in windows(place.pieces, place.codings, budget):
            for node in unfold(data, budget, chain):
                for part, hit, found in self._in_node(node.data, node.chain):
                    seen[found.canary].add(part)
                    if found.canary not in best or found.rank < best[found.canary].rank:
                        path = (*steps(node, hit.start), *reversed(hit.form.encoding))
                        best[found.canary] = replace(found, path=path)
        whole = [
            replace(one, extent=parts.extent(self.sought[one.canary], len(seen[one.canary] - {""})))
            for one in best.values()
        ]
        # What is saved is often a large archive that was fetched; what is sent must be read to its end.
        sent = place.direction == "out" and not place.where.startswith("file")
        return whole, budget.cut or (sent and budget.broken_off)

    def _in_node(self, data: bytes, chain: tuple[str, ...]) -> Iterator[tuple[str, Hit, Found]]:
        """Each (part of a canary, where it was, sight of it)."""
        seen: set[tuple[str, tuple[str, ...]]] = set()
        for hit in self.searcher.find(data):
            form = hit.form
            if (form.canary, form.encoding) in seen:
                continue
            seen.add((form.canary, form.encoding))
            encoding = (*chain, *reversed(form.encoding))
            # Of a digest, the hexadecimal text before the bytes: an excerpt of those can be read by nobody.
            rank = (len(encoding), not form.pattern.isascii(), len(form.encoding))
            end = end_of(data, hit.end, form.encoding)
            canary, part = parts.whole(form.canary)
            yield part, hit, Found(canary, encoding, (), excerpt(data, hit.start, end), "", rank)


def hunt_for(canaries: Iterable[Canary]) -> Hunt:
    """Get ready to look for these."""
    sought = {canary.id: canary for canary in canaries}
    plain = (form for canary in sought.values() for part in parts.split(canary) for form in forms(part))
    hashed = (form for canary in sought.values() for form in digests(canary))
    undivided = (form for canary in sought.values() for form in wholes(canary))
    return Hunt(Searcher((*plain, *hashed, *undivided)), sought)
