"""Which evidence a case holds, so that a rule that found nothing can tell "no" from "not seen".

Not the coverage ledger itself: that is classified; here it is only asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.judge.rulefile import Need
from auditor.model.canary import CanaryKind
from auditor.model.flow import Visibility
from auditor.model.run import Mode

if TYPE_CHECKING:
    from auditor.model.case import Case

_SECRETS = {CanaryKind.FILE, CanaryKind.ENV}


def missing_needs(case: Case) -> dict[Need, str]:
    """Needs that a case cannot meet, each with a sentence why.

    An observer is trusted when it recorded something of the app, or when our control was seen on a
    channel of its; one that has no channel of its own, when any control was seen.
    """
    seen = [control.channel for control in case.coverage.controls if control.seen]
    dns = any(channel.startswith("dns") for channel in seen)
    file = any(channel.startswith("file") for channel in seen)
    wire = any(not channel.startswith(("dns", "file", "unix")) for channel in seen) or (
        bool(seen) and _unplugged(case)
    )
    opaque = sum(flow.visibility is Visibility.OPAQUE for flow in case.flows)
    planted = {report.canary.kind for report in case.canaries}
    missing = {
        Need.FLOWS: (not (wire or case.flows), "no connection of our control was seen"),
        Need.CONTENTS: (
            bool(opaque),
            f"the content of {opaque} of {len(case.flows)} flows could not be read",
        ),
        Need.LOOKUPS: (not (dns or case.lookups), "no name look-up of our control was seen"),
        Need.FILES: (not (file or case.files), "no file of our control was seen"),
        Need.LISTENERS: (not (seen or case.listeners), "no control was seen"),
        Need.ATTEMPTS: (not (seen or case.attempts), "no control was seen"),
        Need.RESPONSES: (
            not _answers_marked(case),
            "the answers carried no mark of their own",
        ),
        Need.SECRETS: (not planted & _SECRETS, "no marked file or variable was planted"),
        Need.PROBES: (
            not any(flow.probed for flow in case.flows),
            "the app was not shown a certificate that it should refuse (--probe-tls)",
        ),
        Need.PAIRS: (
            case.dependence is None or bool(case.dependence.reason),
            "no paired runs settled it (`audit run --paired N`)",
        ),
        Need.PROMPTS: (not case.coverage.prompted, "no prompt was handed to the app"),
    }
    return {need: why for need, (lacking, why) in missing.items() if lacking}


def _answers_marked(case: Case) -> bool:
    """Whether there was an answer that can be told when it leaves: the app's own, or one of a stand-in's."""
    answers = (report for report in case.canaries if report.canary.kind is CanaryKind.RESPONSE)
    return any((report.canary.context and report.canary.value) or report.found for report in answers)


def _unplugged(case: Case) -> bool:
    """With the cable pulled no connection comes to be: what is wanted shows in look-ups and in calls."""
    return case.run.mode is Mode.OFFLINE
