"""The verdict in one sentence, and short names for the app and its processes.

Not the verdict itself: that comes from `auditor.judge`; here it is only put into words.
"""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import UNSET

from auditor.model.canary import CanaryKind
from auditor.model.finding import Outcome
from auditor.model.run import APP_PHASES
from auditor.report.text import listing
from auditor.report.text import plural
from auditor.report.text import seconds
from auditor.report.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from auditor.model.finding import Finding
    from auditor.model.flow import Flow as ModelFlow
    from auditor.model.flow import Lookup
    from auditor.model.process import Owner
    from auditor.report.document import Canary
    from auditor.report.document import Flow
    from auditor.report.document import Result
    from auditor.report.document import Run

_INTERPRETER = re.compile(r"(python|pypy|node|bun|deno|ruby|perl|bash|sh|dash|env|npx|uvx?)[\d.]*$")
_TYPED = (CanaryKind.PROMPT, CanaryKind.DOCUMENT)


def app_name(command: Sequence[str]) -> str:
    """What to call a command: the script or module that an interpreter runs, else the program.

    >>> app_name(["/usr/bin/python3.11", "-m", "chainlit", "run"]), app_name(["ollama", "serve"])
    ('chainlit', 'ollama')
    """
    if not command:
        return "the app"
    program = PurePosixPath(command[0]).name or command[0]
    script = next((word for word in command[1:] if not word.startswith("-")), "")
    if not _INTERPRETER.match(program) or not script or "-c" in command[1 : command.index(script)]:
        return visible(program, limit=60)
    return visible(PurePosixPath(script).name or script, limit=60)


def process_name(owner: Owner | None) -> str:
    """A process in a few words: `python3.11 (chat.py)`, `node`, `unknown process`."""
    if owner is None or not (owner.executable or owner.argv):
        return "unknown process"
    program = PurePosixPath(owner.executable or owner.argv[0]).name or owner.executable
    name = app_name((program, *owner.argv[1:]))
    return name if name == visible(program, limit=60) else f"{visible(program, limit=60)} ({name})"


def repeat_command(run: Run) -> str:
    """The command line that records the same run again."""
    return shlex.join(["audit", "run", *run.options, "--", *run.command])


def leak_targets(
    canaries: Iterable[Canary], flows: Iterable[ModelFlow], lookups: Iterable[Lookup]
) -> tuple[str, ...]:
    """Hosts to which the text of a prompt or document was sent, in order of sighting."""
    hosts = {flow.id: flow.destination.domain or flow.destination.ip for flow in flows}
    hosts |= {lookup.id: lookup.name for lookup in lookups}
    sightings = [found for canary in canaries if canary.kind in _TYPED for found in canary.found]
    subjects = [
        found.flow if found.flow is not UNSET else found.lookup
        for found in sightings
        if found.direction == "out" and found.file is UNSET
    ]
    return tuple(dict.fromkeys(hosts[subject] for subject in subjects if subject in hosts))


def sentence(
    outcome: Outcome, *, app: str, leaks: Sequence[str], findings: Sequence[Finding], prompted: bool
) -> str:
    """The verdict for a reader who reads nothing else.

    Args:
        outcome: Verdict on the run.
        app: Its name, see `app_name`.
        leaks: See `leak_targets`.
        findings: The gravest first.
        prompted: Whether anything was typed into the app.
    """
    if outcome is Outcome.FAIL:
        return _failed(app, leaks, [finding for finding in findings if finding.suppressed is None])
    if outcome is Outcome.PASS and leaks:
        return f"What was typed into {app} was sent to {_hosts(leaks)}, which was accepted."
    if outcome is Outcome.PASS and prompted:
        return f"What was typed into {app} was not observed leaving it, within the stated coverage."
    if outcome is Outcome.PASS:
        return f"Nothing was typed into {app}; left to itself it did nothing that a rule objects to."
    return f"It could not be observed whether {app} keeps to itself what it is given."


def _hosts(leaks: Sequence[str]) -> str:
    return visible(listing(leaks, most=2), limit=160)


def _failed(app: str, leaks: Sequence[str], findings: Sequence[Finding]) -> str:
    if leaks:
        return f"What was typed into {app} was sent to {_hosts(leaks)}."
    if not findings:
        return f"{app} failed."
    more = f", and {plural(len(findings) - 1, 'more finding')}" if len(findings) > 1 else ""
    return f"{app}: {findings[0].title.rstrip('.')}{more}."


def summary(result: Result) -> str:
    """What was counted, in one sentence under the verdict."""
    watched = f"while it was watched for {seconds(watched_s(result.run))}."
    hosts = {flow.destination.domain or flow.destination.ip for flow in result.flows}
    hosts |= {lookup.name for lookup in result.lookups}
    if not hosts:
        return f"No contact was observed {watched}"
    sent = sum(flow.bytes_out for flow in result.flows)
    return f"It contacted {plural(len(hosts), 'host')} and sent {sent:,} bytes {watched}"


def watched_s(run: Run) -> float:
    """Seconds during which the app itself was observed."""
    return sum(phase.end_s - phase.start_s for phase in run.phases if phase.name in APP_PHASES)


def reference_line(result: Result) -> str:
    """What the plain inference did, in one sentence; empty when it did not run to its end."""
    ref = result.reference
    if ref is None or ref.error:
        return ""
    answered = sum(not answer.error for answer in ref.answers)
    contacts = ref.flows + ref.lookups
    sent = "sent 0 bytes" if not contacts else f"made {plural(contacts, 'contact')}"
    return f"The reference answered {plural(answered, 'prompt')}, {sent}, wrote {plural(ref.files, 'file')}."


def leaking_phases(result: Result) -> frozenset[str]:
    """Phases in which something planted was found in what left."""
    seen: list[Flow | Lookup] = [*result.flows, *result.lookups]
    return frozenset(item.phase for item in seen if item.canaries)
