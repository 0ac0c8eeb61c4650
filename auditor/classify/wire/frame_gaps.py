"""What the frames of a run say about the recording's blind spots, each as a sentence with its number.

Not the account itself: that is `frames`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.classify.wire.frames import unread
from auditor.classify.wire.frames import unrecorded
from auditor.classify.wire.known import text
from auditor.model.coverage import Gap
from auditor.model.observation import GapNoted
from auditor.model.observation import PacketsCounted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.ledger import Ledger
    from auditor.classify.wire.frames import Books
    from auditor.model.frames import FrameLedger

PROMPTS_STAY = 2
"""Number of the principle `prompts stay on the device`."""


def gaps(books: Books, counted: FrameLedger, ledger: Ledger) -> Iterator[Gap]:
    """All of them, the most basic first."""
    yield from _file(books, ledger)
    yield from _unaccounted(counted)
    yield from _unrecorded(books)
    yield from _uncaptured(books)
    yield from _reread(books)


def _file(books: Books, ledger: Ledger) -> Iterator[Gap]:
    capture, told = books.capture, [what for _, what in ledger.all(GapNoted) if what.observer == "packets"]
    if capture.talks.broken:
        yield Gap(text=f"The packet capture cannot be read to its end: {capture.talks.broken}.", blinds=True)
    elif not told:
        seen = sum(what.captured for _, what in ledger.all(PacketsCounted))
        lost = seen - capture.talks.interfaces.total() if seen else 0
        if lost:
            there = f"{abs(lost):,} {'fewer' if lost > 0 else 'more'}"
            yield Gap(
                text=f"The packet file holds {there} than the {seen:,} packets that were captured.",
                blinds=True,
            )
    if capture.leftovers.full or capture.again.full:
        yield Gap(
            text="More datagrams outside of flows were captured than are searched; the first 64 MiB were.",
            blinds=True, principle=PROMPTS_STAY,
        )  # fmt: skip


def _unaccounted(counted: FrameLedger) -> Iterator[Gap]:
    if counted.unaccounted:
        what = "; ".join(counted.examples)
        yield Gap(
            text=f"{counted.unaccounted:,} of {counted.left.frames:,} frames that left the box belong to "
            f"nothing that was recorded: {what}.",
            blinds=True,
        )


def _unrecorded(books: Books) -> Iterator[Gap]:
    """What the app sent when the proxy did not listen any more."""
    found = unrecorded(books)
    if found:
        (_, _, _, far, port), most = max(found.items(), key=lambda pair: pair[1])
        yield Gap(
            text=f"{sum(found.values()):,} bytes that the app sent on {_count(len(found), 'connection')} "
            f"were on the wire and not recorded, most to {text(far)} port {port} ({most:,} bytes).",
            blinds=True, principle=PROMPTS_STAY,
        )  # fmt: skip


def _uncaptured(books: Books) -> Iterator[Gap]:
    """What the proxy took and the capture never saw: then it may have missed other things, too."""
    known = books.capture.talks.known
    fewer = {
        ends: account.recorded - on_wire
        for ends, account in books.accounts.items()
        if account.recorded > (on_wire := known[ends].sent if ends[0] == "tcp" else known[ends].payload)
    }
    if fewer and not books.capture.missing:
        yield Gap(
            text=f"{sum(fewer.values()):,} bytes of {_count(len(fewer), 'flow')} were recorded and are not "
            "in the packet capture: it has missed packets that it did not count.",
            blinds=True,
        )


def _reread(books: Books) -> Iterator[Gap]:
    found = unread(books)
    sealed = [ends for ends in found if books.accounts[ends].sealed]
    plain = len(found) - len(sealed)
    if plain:
        yield Gap(
            text=f"{_count(plain, 'conversation')} did not reach the proxy whole; the packet capture was "
            "searched instead.",
            blinds=False,
        )
    if sealed:
        yield Gap(
            text=f"{_count(len(sealed), 'encrypted conversation')} did not reach the proxy whole: what was "
            "lost is sent again by a client that wants it to arrive.",
            blinds=False, principle=PROMPTS_STAY,
        )  # fmt: skip


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'s' * (number != 1)}"
