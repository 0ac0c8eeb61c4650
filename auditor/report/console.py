"""The summary on the terminal: short aligned lines, the verdict and the report's path last.

Not the live progress of a recording, and no more than a page or two: the rest is in the HTML report.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import TextIO

from rich.console import Console
from rich.text import Text

from auditor.model.finding import Outcome
from auditor.model.run import APP_PHASES
from auditor.model.severity import Severity
from auditor.report import headline
from auditor.report.ledger import ledger
from auditor.report.text import endpoint
from auditor.report.text import host_name
from auditor.report.text import marked
from auditor.report.text import plural
from auditor.report.text import seconds
from auditor.report.text import size
from auditor.report.text import visible
from auditor.report.words import OUTCOMES
from auditor.report.words import PAIRED
from auditor.report.words import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.finding import Finding
    from auditor.model.run import Phase
    from auditor.report.document import Flow
    from auditor.report.document import Result

MOST_FINDINGS = 20
MOST_GAPS = 10
_PLAIN_WIDTH = 100
"""Columns when the output is no terminal."""
_EVIDENCE = 4
"""References that a finding shows on the console."""
_NARROW = 80
_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line before it is wrapped: (text, `rich` style) pieces; none for an empty line."""

    pieces: tuple[tuple[str, str], ...] = ()
    indent: int = 0
    bullet: str = ""
    """Stands left of the indented text on its first row."""
    whole: bool = False
    """Never wrapped, so that a path can be copied from a narrow terminal."""


def render_console(result: Result, stream: TextIO, *, report: str = "", width: int | None = None) -> None:
    """Write the summary of a run.

    Args:
        result: What to tell.
        stream: Where to; colour only on a terminal, and never where NO_COLOR or TERM=dumb forbid it.
        report: Path of the HTML report, printed in one piece on the last line.
        width: Columns; the terminal is asked when not given.
    """
    console = Console(file=stream, width=width, markup=False, highlight=False, emoji=False)
    if width is None and not console.is_terminal:
        console.width = _PLAIN_WIDTH
    for line in summary_lines(result, report=report, unicode=_is_unicode(console), width=console.width):
        _print(console, line)


def summary_lines(result: Result, *, report: str, unicode: bool, width: int) -> Iterator[Line]:
    """The whole summary as data, in order."""
    yield from _run(result, width)
    yield from _findings(result)
    yield from _unseen(result)
    yield from _counts(result)
    yield from _verdict(result, report, unicode=unicode)


def _run(result: Result, width: int) -> Iterator[Line]:
    run = result.run
    facts = f"{run.mode}, {run.assurance} assurance, driver {run.driver}, {seconds(headline.watched_s(run))}"
    yield Line(((headline.app_name(run.command), "bold"), (f"  {facts}", "")))
    leaking = headline.leaking_phases(result)
    for phase in run.phases:
        if phase.name in APP_PHASES:
            yield _phase(phase, result, leaks=phase.name in leaking, narrow=width < _NARROW)


def _phase(phase: Phase, result: Result, *, leaks: bool, narrow: bool) -> Line:
    flows = [flow for flow in result.flows if flow.phase == phase.name]
    entities = {flow.entity for flow in flows if flow.entity}
    asked = sum(lookup.phase == phase.name for lookup in result.lookups)
    unmet = plural(asked, "look-up") if asked else "no contact observed"
    contacts = plural(len(flows), "connection") if flows else unmet
    organisations = plural(len(entities), "organisation") if entities and not narrow else ""
    columns = f"{phase.name:<8}{seconds(phase.end_s - phase.start_s):>8}   {contacts:<20}"
    columns += "" if narrow else f"{organisations:<18}"
    return Line(((columns, ""), ("canary seen leaving" if leaks else "", "bold red")), indent=2)


def _findings(result: Result) -> Iterator[Line]:
    live = [finding for finding in result.findings if finding.suppressed is None]
    accepted = len(result.findings) - len(live)
    flows = {flow.id: flow for flow in result.flows}
    for finding in live[:MOST_FINDINGS]:
        yield Line()
        yield from _finding(finding, [flows[key] for key in finding.subjects if key in flows])
    if len(live) > MOST_FINDINGS:
        yield Line(((f"{plural(len(live) - MOST_FINDINGS, 'more finding')} in the report", ""),))
    if accepted:
        yield Line(((f"{plural(accepted, 'accepted finding')} in the report", "dim"),))


def _finding(finding: Finding, flows: list[Flow]) -> Iterator[Line]:
    severity = (f"{finding.severity:<8}  ", _SEVERITY_STYLES[finding.severity])
    yield Line((severity, (f"{visible(finding.rule)}  ", "dim"), (visible(finding.title), "bold")))
    yield Line(_who_where(finding, flows), indent=10)
    if finding.excerpt:
        # The brackets stay: the match must be seen without colour too.
        pieces = marked(visible(finding.excerpt, limit=400))
        quoted = (((f"[[{piece}]]", "bold") if hit else (piece, "dim")) for piece, hit in pieces)
        yield Line(tuple(quoted), indent=10)
    for number, remedy in enumerate(finding.remedy.splitlines()):
        label = "          " if number else "turn off: "
        yield Line(((label, "bold"), (visible(remedy), "")), indent=10)
    yield Line(((f"evidence: {_evidence(finding)}", "dim"),), indent=10)


def _evidence(finding: Finding) -> str:
    """The first references; the report and result.json have them all."""
    shown = [visible(ref) for ref in finding.evidence[:_EVIDENCE]]
    more = len(finding.evidence) - len(shown)
    return ", ".join([*shown, f"and {more} more"] if more else shown)


def _who_where(finding: Finding, flows: list[Flow]) -> tuple[tuple[str, str], ...]:
    who = headline.process_name(finding.process) if finding.process and finding.process.pid else "the app"
    where = ""
    if finding.destination is not None:
        name = host_name(finding.destination.domain or finding.destination.ip)
        where = f" -> {endpoint(name.ascii, finding.destination.port)}"
        where += f" (displays as {name.unicode})" if name.unicode else ""
    purposes = dict.fromkeys(PURPOSES[flow.purpose] for flow in flows)
    sent = [f"sent {size(sum(flow.bytes_out for flow in flows))}"] if flows else []
    what = [*purposes, *sent] or [visible(finding.message).rstrip(".")]
    when = [f"phase {finding.phase}"] if finding.phase else []
    return (who, ""), (where, "bold"), (f"   {', '.join([*what, *when])}", "")


def _unseen(result: Result) -> Iterator[Line]:
    gaps = [visible(gap) for gap in result.coverage.gaps]
    rows = [row for row in ledger(result) if row.outcome is Outcome.INCONCLUSIVE]
    # The gaps say in sentences what the ledger says in numbers; only a gapless ledger speaks for itself.
    items = gaps or [f"{row.label}: {visible(row.value)}" for row in rows]
    yield Line()
    yield Line((("could not be observed" if items else "no gap in the observation", "bold"),))
    for item in items[:MOST_GAPS]:
        yield _item(item)
    if len(items) > MOST_GAPS:
        yield _item(f"{len(items) - MOST_GAPS} more in the report")


def _counts(result: Result) -> Iterator[Line]:
    yield Line()
    yield Line(((headline.summary(result), ""),))
    reference = headline.reference_line(result)
    if reference:
        yield Line(((reference, ""),))
    for test in result.paired.tests if result.paired else ():
        shown = "shown" if test.shows else "not shown"
        limits = f"chance {test.chance:.2g}, limit {test.threshold:.2g}"
        text = f"paired runs, {PAIRED[test.family]}: {shown} ({limits})"
        yield Line(((text, ""),))
    counts = Counter(rule.outcome for rule in result.rules)
    unjudged = counts.total() - counts["pass"] - counts["fail"]
    parts = {"failed": counts["fail"], "could not be judged": unjudged, "passed": counts["pass"]}
    rules = ", ".join(f"{plural(count, 'rule')} {words}" for words, count in parts.items() if count)
    if rules:
        yield Line(((f"{rules}.", ""),))


def _verdict(result: Result, report: str, *, unicode: bool) -> Iterator[Line]:
    verdict = result.verdict
    words = OUTCOMES[verdict.outcome]
    yield Line()
    yield Line(((visible(verdict.sentence), "bold"),))
    for reason in verdict.reasons:
        yield _item(visible(reason))
    word = (f"{words.symbol if unicode else words.ascii} {words.word}", words.style)
    where = f"   report: {visible(report, limit=4096)}" if report else ""
    yield Line((word, (f" (exit {verdict.exit_code}){where}", "")), whole=True)


def _item(text: str) -> Line:
    return Line(((text, ""),), indent=4, bullet="- ")


def _is_unicode(console: Console) -> bool:
    return (console.encoding or "").lower().startswith("utf")


def _print(console: Console, line: Line) -> None:
    text = Text.assemble(*((_encodable(console, piece), style) for piece, style in line.pieces))
    text.rstrip()
    if line.whole:
        console.print(text, soft_wrap=True)
        return
    room = max(console.width - line.indent, 20)
    for row, part in enumerate(text.wrap(console, room, overflow="fold") or [Text()]):
        part.rstrip()
        margin = f"{'' if row else line.bullet:>{line.indent}}" if line.indent else ""
        console.print(Text(margin).append_text(part), soft_wrap=True)


def _encodable(console: Console, text: str) -> str:
    """Escape what the stream's encoding cannot carry, instead of failing on it."""
    if _is_unicode(console):
        return text
    return text.encode(console.encoding, "backslashreplace").decode(console.encoding)
