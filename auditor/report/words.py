"""The words and symbols of reports, as tables: one place to read them all.

Not sentences about a particular run: those are in `auditor.report.headline` and the templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.finding import Outcome
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.paired import Family

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class OutcomeWords:
    """How an outcome is shown; the word and the symbol each suffice without colour."""

    word: str
    symbol: str
    ascii: str
    """Symbol for terminals without Unicode."""
    style: str
    """`rich` style of the terminal."""
    meaning: str
    """What the word promises, for a reader who sees it for the first time."""


OUTCOMES: Mapping[Outcome, OutcomeWords] = {
    Outcome.FAIL: OutcomeWords(
        "fail", "✕", "x", "bold red",
        "“Fail” means that something was proven. The findings below say who sent or saved what, where to, "
        "when, and how to turn it off.",
    ),
    Outcome.PASS: OutcomeWords(
        "pass", "✓", "+", "bold green",
        "“Pass” means that nothing to object to was found within what could be observed, and that test "
        "signals of our own, sent from the same box, were observed. The gaps stand below.",
    ),
    Outcome.INCONCLUSIVE: OutcomeWords(
        "inconclusive", "?", "?", "bold yellow",
        "“Inconclusive” means that too little could be observed. It is neither good nor bad news about "
        "the app; the reasons above say what to change before the next run.",
    ),
    Outcome.NOT_TESTED: OutcomeWords(
        "not tested", "·", "-", "dim", "This run did not exercise it."
    ),
}  # fmt: skip

RULE_OUTCOMES: Mapping[str, str] = {
    "fail": "failed",
    "not-available": "could not be judged, its evidence is missing",
    "error": "could not be judged, the rule itself failed",
    "pass": "passed",
}
"""Groups of rules in the order in which they are listed."""

PAIRED: Mapping[Family, str] = {
    Family.LENGTH: "sizes and numbers by the length of the prompt",
    Family.WORDS: "sizes, numbers and hosts by the words of the prompt",
    Family.TIME_LENGTH: "times by the length of the prompt",
    Family.TIME_WORDS: "times by the words of the prompt",
    Family.USE: "anything by whether there was a prompt",
}
"""Questions to paired runs."""

PURPOSES: Mapping[Purpose, str] = {
    Purpose.PROMPT_LEAK: "carried what was typed",
    Purpose.RESPONSE_LEAK: "carried the model's answer",
    Purpose.TELEMETRY: "telemetry",
    Purpose.CRASH_REPORT: "crash report",
    Purpose.UPDATE_CHECK: "update check",
    Purpose.REMOTE_CONFIG: "remote configuration",
    Purpose.MODEL_REGISTRY: "model catalogue",
    Purpose.MODEL_DOWNLOAD: "model download",
    Purpose.CLOUD_INFERENCE: "inference in the cloud",
    Purpose.WEB_SEARCH: "web search",
    Purpose.ACCOUNT: "account or sign-in",
    Purpose.LICENCE: "licence check",
    Purpose.ASSET_CDN: "fonts, scripts or images",
    Purpose.CONNECTIVITY_CHECK: "connectivity check",
    Purpose.PUBLIC_IP_LOOKUP: "asks for the public address",
    Purpose.PACKAGE_REGISTRY: "package registry",
    Purpose.DNS_ONLY: "name look-up only",
    Purpose.FIRST_PARTY_API: "the vendor's own API",
    Purpose.UNKNOWN: "purpose unknown",
}

VISIBILITIES: Mapping[Visibility, str] = {
    Visibility.DECRYPTED: "content read",
    Visibility.METADATA_ONLY: "no content passed",
    Visibility.OPAQUE: "content could not be observed",
}

PHASES: Mapping[str, str] = {
    "start": "while the app started",
    "idle": "while the app was left alone",
    "prompt": "while a prompt was answered",
    "settle": "after the last prompt",
    "stop": "while the app was stopped",
}

ATTRIBUTIONS: Mapping[str, str] = {
    "cookie": "socket cookie",
    "inode": "socket inode",
    "bind": "bound port",
    "recent-connect": "most recent connect",
    "unknown": "process not known",
}

EXPOSURES: Mapping[str, str] = {
    "loopback": "this machine only",
    "lan": "the local network",
    "all-interfaces": "every network this machine is in",
}

MODES: Mapping[str, str] = {
    "sinkhole": "Nothing left the machine: every name was answered with an address of ours, and stand-in "
    "services took what was sent.",
    "offline": "Nothing left the machine: names failed and connections were refused, like a pulled cable.",
    "live": "Hosts named with --allow were really reached, through our proxy; stand-ins took the rest.",
}

EVIDENCE_FILES: tuple[tuple[str, str], ...] = (
    ("run.json", "The manifest, written last: command, phases, versions, digests."),
    ("events.jsonl", "The journal: one observation a line; “events.jsonl:218” is line 218."),
    ("packets.pcapng", "Every frame of both interfaces, of TCP the first 256 bytes; opens in Wireshark."),
    ("tls.keys", "Secrets of the encrypted sessions that were opened (key-log format)."),
    ("bodies/", "Request and response bodies, each named by its SHA-256 digest."),
    ("files/", "Contents of files that the app created or changed."),
    ("app.log", "What the app printed."),
    ("pairs/", "Paired runs, if there were any: the plan, and a run directory for each."),
    ("result.json", "The document that this report was made from, for programs."),
    ("report.html", "This report."),
)
"""Files of a run directory and what each one is."""
