"""The coverage ledger: what the recording could see, as rows that both console and HTML print.

Not a judgement: whether a gap makes a run inconclusive was decided before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.finding import Outcome
from auditor.model.run import APP_PHASES
from auditor.model.run import Assurance
from auditor.report.headline import watched_s
from auditor.report.text import plural
from auditor.report.text import seconds

if TYPE_CHECKING:
    from auditor.model.coverage import ControlResult
    from auditor.report.document import Coverage
    from auditor.report.document import FlowCount
    from auditor.report.document import Result

CONTROL_ROUNDS = {"before": "before the app", "after": "after it"}
"""When our own signals were sent, by `ControlResult.round`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the ledger."""

    label: str
    value: str
    outcome: Outcome
    """`pass` when nothing is missing here, else `inconclusive`; `not-tested` when it was not exercised."""


def ledger(result: Result) -> tuple[Row, ...]:
    """Every row, in the order in which a reader asks."""
    coverage = result.coverage
    return (
        _row("Test signals of our own", *_controls(coverage)),
        _row("Packets", *_packets(coverage)),
        *_frames(coverage),
        *_contacts(coverage),
        _prompt(coverage),
        _row("The box", *_assurance(result)),
        _row("Time watched", *_window(result)),
    )


def _row(label: str, value: str, complete: bool) -> Row:  # noqa: FBT001 - always unpacked from a pair
    return Row(label=label, value=value, outcome=Outcome.PASS if complete else Outcome.INCONCLUSIVE)


def _controls(coverage: Coverage) -> tuple[str, bool]:
    """Both rounds in one line: each says how many signals lack nothing, and what the others lack."""
    if not coverage.controls:
        return "none were sent", False
    rounds = {moment: [one for one in coverage.controls if one.round == moment] for moment in CONTROL_ROUNDS}
    parts = [
        f"{words} {_round(rounds[moment])}" for moment, words in CONTROL_ROUNDS.items() if rounds[moment]
    ]
    return "; ".join(parts), all(one.proven for one in coverage.controls)


def _round(controls: list[ControlResult]) -> str:
    parts = [f"{sum(one.seen for one in controls)} of {len(controls)} observed"]
    unowned = sum(one.seen and not one.attributed for one in controls)
    foreign = sum(one.seen and one.decoded is False for one in controls)
    parts += [f"{unowned} not traced to their process"] * bool(unowned)
    parts += [f"{foreign} not understood"] * bool(foreign)
    return ", ".join(parts)


def _packets(coverage: Coverage) -> tuple[str, bool]:
    packets = coverage.packets
    complete = packets.captured > 0 and not packets.dropped
    return f"{packets.captured:,} captured, {packets.dropped:,} dropped", complete


def _frames(coverage: Coverage) -> tuple[Row, ...]:
    account = coverage.ledger
    if account is None:
        return ()
    value = f"{account.left.frames:,} left the box, {account.unaccounted:,} unaccounted"
    return (_row("Frames on the wire", value, not account.unaccounted),)


def _contacts(coverage: Coverage) -> tuple[Row, ...]:
    flows = coverage.flows
    if not flows.total:
        return (Row(label="Contacts", value="none was observed", outcome=Outcome.NOT_TESTED),)
    traced = f"{flows.attributed:,} of {flows.total:,}", flows.attributed == flows.total
    return (
        _row("Contacts traced to a process", *traced),
        _row("Contacts whose content was read", *_read(flows)),
    )


def _read(flows: FlowCount) -> tuple[str, bool]:
    silent = flows.total - flows.decrypted - flows.opaque
    parts = [f"{flows.decrypted:,} of {flows.total:,}"]
    if silent > 0:
        parts.append(f"{silent:,} passed no content")
    if flows.opaque:
        parts.append(f"{flows.opaque:,} could not be read")
    return ", ".join(parts), not flows.opaque


def _prompt(coverage: Coverage) -> Row:
    label = "Proof that the prompt was run"
    if not coverage.prompted:
        return Row(label=label, value="nothing was typed", outcome=Outcome.NOT_TESTED)
    if coverage.answer_contains_marker is None:
        return _row(label, "an answer came; the user vouched for it", coverage.answered)
    if coverage.answer_contains_marker:
        return _row(label, "the answer contained the marker that was typed", complete=True)
    value = "an answer came, without the marker" if coverage.answered else "no answer came"
    return _row(label, value, complete=False)


def _assurance(result: Result) -> tuple[str, bool]:
    if result.run.assurance is Assurance.FULL:
        return "full assurance", True
    return f"reduced assurance: {'; '.join(result.run.reduced_by) or 'reason not recorded'}", False


def _window(result: Result) -> tuple[str, bool]:
    phases = [phase for phase in result.run.phases if phase.name in APP_PHASES]
    parts = ", ".join(f"{phase.name} {seconds(phase.end_s - phase.start_s)}" for phase in phases)
    end = "" if result.run.sealed else "; the recording was interrupted"
    total = seconds(watched_s(result.run))
    return f"{total}{f' ({parts})' if parts else ''}{end}", result.run.sealed and bool(phases)


def not_judged(result: Result) -> str:
    """How many rules and principles the run says nothing about, in words; empty when all were judged."""
    rules = sum(rule.outcome not in ("pass", "fail") for rule in result.rules)
    principles = sum(item.outcome in (Outcome.NOT_TESTED, Outcome.INCONCLUSIVE) for item in result.principles)
    parts = [plural(rules, "rule")] * bool(rules) + [plural(principles, "principle")] * bool(principles)
    return " and ".join(parts)
