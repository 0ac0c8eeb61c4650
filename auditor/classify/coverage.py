"""What a recording could and could not see, in sentences for people who never saw a packet.

Not a verdict: which gap makes a run inconclusive is marked here and decided by the judge.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.classify.controls import controls
from auditor.classify.wire import frame_gaps
from auditor.classify.wire.frames import frame_ledger
from auditor.model.coverage import INTERRUPTED
from auditor.model.coverage import Coverage
from auditor.model.coverage import Gap
from auditor.model.flow import Visibility
from auditor.model.observation import AnswerReceived
from auditor.model.observation import GapNoted
from auditor.model.observation import HttpBody
from auditor.model.observation import PacketsCounted
from auditor.model.observation import PromptSent
from auditor.model.observation import StreamData
from auditor.model.run import Assurance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.contacts import Contact
    from auditor.classify.contacts import Question
    from auditor.classify.ledger import Ledger
    from auditor.classify.search.canaries import Hunt
    from auditor.classify.wire.frames import Books
    from auditor.classify.writers import Writers
    from auditor.model.canary import Sighting
    from auditor.model.flow import Flow
    from auditor.model.frames import FrameLedger
    from auditor.model.run import Run

PROMPTS_STAY = 2
"""Number of the principle `prompts stay on the device`."""

EXPLICIT_SAVING = 4
"""Number of the principle `saving is explicit`."""

APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What coverage is derived from."""

    run: Run
    ledger: Ledger
    contacts: list[Contact]
    questions: list[Question]
    sightings: list[Sighting]
    hunt: Hunt
    books: Books
    writers: Writers

    @property
    def flows(self) -> list[Flow]:
        """Of the app."""
        return [one.flow for one in self.contacts if one.role == APP]

    @property
    def frames(self) -> FrameLedger:
        """Of every packet on the box's wire."""
        return frame_ledger(self.books)


def coverage(material: Material) -> Coverage:
    """The ledger of one run."""
    flows = material.flows
    counted = [what for _, what in material.ledger.all(PacketsCounted)]
    answers = [what for _, what in material.ledger.all(AnswerReceived) if what.role == APP]
    return Coverage(
        controls=tuple(controls(material)),
        packets_captured=sum(what.captured for what in counted),
        packets_dropped=sum(what.dropped for what in counted),
        flows_total=len(flows),
        flows_attributed=sum(flow.process.key is not None for flow in flows),
        flows_decrypted=sum(flow.visibility is Visibility.DECRYPTED for flow in flows),
        flows_opaque=sum(flow.visibility is Visibility.OPAQUE for flow in flows),
        answered=any(what.text.strip() for what in answers),
        answer_contains_marker=_proven(answers),
        prompted=any(what.role == APP for _, what in material.ledger.all(PromptSent)),
        gaps=tuple(_ended(gap) for check in _CHECKS for gap in check(material)),
        ledger=None if material.books.capture.missing else material.frames,
    )


def _ended(gap: Gap) -> Gap:
    """With one full stop: what others said of an error may have brought its own."""
    return replace(gap, text=f"{gap.text.rstrip('. ')}.")


def _proven(answers: list[AnswerReceived]) -> bool | None:
    if not answers or any(what.vouched for what in answers):
        return None
    return any(
        what.contains_marker if what.contains_expected is None else what.contains_expected for what in answers
    )


def _noted(material: Material) -> Iterator[Gap]:
    for _, what in material.ledger.all(GapNoted):
        yield Gap(text=what.text, blinds=what.blinds, principle=what.principle)


def _interrupted(material: Material) -> Iterator[Gap]:
    if not material.run.sealed:
        yield Gap(text=INTERRUPTED, blinds=True)


def _assurance(material: Material) -> Iterator[Gap]:
    if material.run.assurance is Assurance.REDUCED:
        reasons = " ".join(material.run.reduced_by) or "The reason was not recorded."
        yield Gap(text=f"The box was not complete (assurance: reduced). {reasons}", blinds=False)


def _packets(material: Material) -> Iterator[Gap]:
    counted = [what for _, what in material.ledger.all(PacketsCounted)]
    if not sum(what.captured for what in counted):
        yield Gap(text="No packet at all was captured: the capture did not work.", blinds=True)
    for what in counted:
        if what.dropped:
            yield Gap(
                text=f"{what.dropped:,} of {what.captured + what.dropped:,} packets on {what.interface} were "
                "dropped by the capture ring.",
                blinds=True,
            )
    yield from frame_gaps.gaps(material.books, material.frames, material.ledger)


def _owners(material: Material) -> Iterator[Gap]:
    flows = material.flows
    unknown = sum(flow.process.key is None for flow in flows)
    if unknown:
        yield Gap(text=f"The process behind {_of(unknown, len(flows), 'flow')} is not known.", blinds=False)
    lookups = [one.lookup for one in material.questions if one.role == APP]
    unknown = sum(lookup.process.key is None for lookup in lookups)
    if unknown:
        yield Gap(
            text=f"The process behind {_of(unknown, len(lookups), 'look-up')} is not known.", blinds=False
        )


def _opaque(material: Material) -> Iterator[Gap]:
    """One sentence for each process and host; the judge decides what each leaves open."""
    grouped: dict[tuple[str, str], list[Flow]] = {}
    for flow in material.flows:
        if flow.visibility is Visibility.OPAQUE:
            host = flow.destination.domain or flow.sni or flow.destination.ip
            grouped.setdefault((flow.process.executable or "an unknown process", host), []).append(flow)
    for (executable, host), flows in grouped.items():
        size = sum(flow.bytes_out for flow in flows)
        yield Gap(
            text=f"{_count(len(flows), 'flow')} from {executable} to {host} could not be read "
            f"({size:,} bytes sent): {flows[0].note or 'the content is encrypted'}.",
            blinds=False,
            principle=PROMPTS_STAY,
        )


def _truncated(material: Material) -> Iterator[Gap]:
    """Bytes the app sent that were counted and hashed but not kept, so not searched."""
    mine = {one.flow.id for one in material.contacts if one.role == APP}
    sent: list[HttpBody | StreamData] = [
        *(what for _, what in material.ledger.all(HttpBody)),
        *(what for _, what in material.ledger.all(StreamData)),
    ]
    bodies = [
        what for what in sent
        if what.direction == "out" and what.kept < what.bytes and _flow_of(what) in mine
    ]  # fmt: skip
    if bodies:
        lost = sum(what.bytes - what.kept for what in bodies)
        yield Gap(
            text=f"{_count(len(bodies), 'request')} of the app could not be kept whole: "
            f"{lost:,} bytes were not searched.",
            blinds=True,
            principle=PROMPTS_STAY,
        )


def _flow_of(what: HttpBody | StreamData) -> str:
    return what.flow if isinstance(what, StreamData) else what.exchange.partition(".")[0]


def _unsearched(material: Material) -> Iterator[Gap]:
    for places, why in (
        (material.hunt.cut, "unfold to more than is searched"),
        (material.hunt.missing, "are missing"),
    ):
        left = [place for place in places if place.role == APP and place.direction == "out"]
        kinds = Counter(place.where.partition(" ")[0] == "file" for place in left)
        if kinds[False]:
            text = f"{_count(kinds[False], 'recorded body', 'recorded bodies')} sent by the app {why}."
            yield Gap(text=text, blinds=True, principle=PROMPTS_STAY)
        if kinds[True]:
            text = f"{_count(kinds[True], 'file')} written by the app {why}."
            yield Gap(text=text, blinds=True, principle=EXPLICIT_SAVING)


def _unprompted(material: Material) -> Iterator[Gap]:
    if material.run.driver == "none":
        yield Gap(text="Nothing was typed: the run used no driver.", blinds=False)
    elif not any(what.role == APP for _, what in material.ledger.all(PromptSent)):
        yield Gap(text="No prompt was handed to the app.", blinds=False, principle=PROMPTS_STAY)
    failed = [what for _, what in material.ledger.all(AnswerReceived) if what.role == APP and what.error]
    if failed:
        yield Gap(
            text=f"{_count(len(failed), 'prompt')} of the app ended with an error: {failed[0].error}.",
            blinds=False, principle=PROMPTS_STAY,
        )  # fmt: skip


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _of(number: int, total: int, one: str) -> str:
    return f"{number:,} of {_count(total, one)}"


_CHECKS = (
    _interrupted, _noted, _assurance, _packets, _owners, _opaque, _truncated, _unsearched, _unprompted,
)  # fmt: skip
