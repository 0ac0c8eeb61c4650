"""Four synthetic cases: a fail with a prompt leak, a pass, an inconclusive one and an empty one."""

from __future__ import annotations

import dataclasses

import pytest

from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.canary import CanaryReport
from auditor.model.canary import Sighting
from auditor.model.case import Answer
from auditor.model.case import Case
from auditor.model.case import Reference
from auditor.model.coverage import ControlResult
from auditor.model.coverage import Coverage
from auditor.model.coverage import Gap
from auditor.model.file import Attempt
from auditor.model.file import FileChange
from auditor.model.file import Listener
from auditor.model.finding import Confidence
from auditor.model.finding import Finding
from auditor.model.finding import Judgement
from auditor.model.finding import Outcome
from auditor.model.finding import PrincipleResult
from auditor.model.finding import RuleOutcome
from auditor.model.finding import Suppressed
from auditor.model.finding import Verdict
from auditor.model.flow import Destination
from auditor.model.flow import Flow
from auditor.model.flow import HttpExchange
from auditor.model.flow import Lookup
from auditor.model.flow import Purpose
from auditor.model.flow import Visibility
from auditor.model.frames import FrameCount
from auditor.model.frames import FrameKind
from auditor.model.frames import FrameLedger
from auditor.model.frames import FrameRow
from auditor.model.paired import Dependence
from auditor.model.paired import DependenceOutcome
from auditor.model.paired import Family
from auditor.model.paired import PairedTest
from auditor.model.process import NOBODY
from auditor.model.process import Owner
from auditor.model.process import Process
from auditor.model.process import process_key
from auditor.model.run import Assurance
from auditor.model.run import Declared
from auditor.model.run import Mode
from auditor.model.run import Phase
from auditor.model.run import PhaseName
from auditor.model.run import Run
from auditor.model.severity import Severity
from auditor.report.result import build_result

HOSTILE = '<script>alert("x")</script>\u202egnp.exe\x1b[2J\x07'
MARKER = "kestrel-48213"
PYTHON = "/home/ann/venv/bin/python3.11"
CHAT = Owner(
    key=process_key(4211, 90010),
    pid=4211,
    executable=PYTHON,
    argv=("python", "chat.py", "--port", "8000"),
    ancestry=("/usr/bin/bash",),
    attribution="cookie",
)
NODE = Owner(
    key=process_key(4302, 90400),
    pid=4302,
    executable="/usr/bin/node",
    argv=("node", "worker.js", HOSTILE),
    ancestry=(PYTHON, "/usr/bin/bash"),
    attribution="inode",
)
PRINCIPLES = (
    "What you type stays here",
    "What the model answers stays here",
    "No telemetry",
    "No account is needed",
    "Works without a network",
    "Models come from where you say",
    "Updates only when you ask",
    "Nothing is saved that you did not ask for",
    "Nobody else can reach it",
    "It says what it does",
)  # fmt: skip


def _phases(*lengths: float) -> tuple[Phase, ...]:
    names = (
        PhaseName.CONTROL,
        PhaseName.START,
        PhaseName.IDLE,
        PhaseName.PROMPT,
        PhaseName.SETTLE,
        PhaseName.STOP,
        PhaseName.REFERENCE,
    )
    phases, now = [], 0.0
    for name, length in zip(names, lengths, strict=True):
        phases.append(Phase(name=name, start_s=now, end_s=now + length))
        now += length
    return tuple(phases)


RUN = Run(
    id="20261121T014500Z-chat-7f3a", started="2026-11-21T01:45:00Z", duration_s=44.31, command=("python",
    "chat.py", "--port", "8000"), mode=Mode.SINKHOLE, assurance=Assurance.FULL, driver="openai",
    tool_version="0.1.0", phases=_phases(0.8, 3.14, 15.0, 8.42, 12.0, 1.2, 3.75), app_status="exit 0",
    declared=(Declared(host="models.example.org", purpose="model-registry"),), home="/home/ann",
    options=("--allow=models.example.org=model-registry", "--idle=2"),
)  # fmt: skip


def _exchange(
    id_: str, method: str, url: str, purpose: Purpose, out: int = 0, at: float = 20.0
) -> HttpExchange:
    return HttpExchange(
        id=id_,
        method=method,
        url=url,
        status=200,
        bytes_out=out,
        bytes_in=64,
        request_headers=(("authorization", "Bearer secret-token"),),
        request_body="",
        response_body="",
        served_by="json",
        purpose=purpose,
        evidence="events.jsonl:219",
        mono_s=at,
    )


def _flow(id_: str, **changes: object) -> Flow:
    base = Flow(
        id=id_,
        phase="prompt",
        start_s=20.5,
        end_s=21.75,
        process=CHAT,
        destination=Destination(domain="api.smith.langchain.com", ip="198.18.0.7", port=443),
        transport="tcp",
        protocol="https",
        visibility=Visibility.DECRYPTED,
        sni="api.smith.langchain.com",
        ja4="t13d1516h2_8daaf6152771_b186095e22b6",
        bytes_out=1234,
        bytes_in=512,
        purpose=Purpose.PROMPT_LEAK,
        entity="LangChain",
        declared=False,
        canaries=("prompt-1",),
        note="",
        evidence=("events.jsonl:218",),
        requests=(
            _exchange(
                "f1.1", "POST", "https://api.smith.langchain.com/runs/batch", Purpose.PROMPT_LEAK, 1180
            ),
        ),
    )
    return dataclasses.replace(base, **changes)


FLOWS = (
    _flow("f1"),
    _flow("f2", phase="settle", start_s=30.1, end_s=30.4, bytes_out=860, canaries=("prompt-1",
        "identity-hostname"), requests=(_exchange("f2.1", "PATCH",
        "https://api.smith.langchain.com/runs/" + "7f" * 60, Purpose.TELEMETRY, 800, 30.2), )),
    _flow("f3", phase="start", start_s=1.9, end_s=2.4, destination=Destination(domain="eu.i.posthog.com",
        ip="198.18.0.8", port=443), sni="eu.i.posthog.com", purpose=Purpose.TELEMETRY, entity="PostHog",
        canaries=(), bytes_out=702, requests=(_exchange("f3.1", "POST",
        "https://eu.i.posthog.com/batch/?ip=1", Purpose.TELEMETRY, 640, 2.0), _exchange("f3.2", "GET",
        "https://eu.i.posthog.com/decide?v=3&note=" + HOSTILE, Purpose.REMOTE_CONFIG, 0, 2.2))),
    _flow("f4", phase="idle", start_s=12.0, end_s=12.9, process=NODE, entity="", canaries=(),
        bytes_out=5321, destination=Destination(domain="xn--pypl-53dc.example", ip="fd77:a0d1::9",
        port=8443), protocol="tls", sni="xn--pypl-53dc.example", visibility=Visibility.OPAQUE,
        purpose=Purpose.UNKNOWN, requests=(), note="The app refused our certificate (unknown ca).",
        evidence=("events.jsonl:140", "packets.pcapng")),
    _flow("f5", phase="idle", start_s=9.0, end_s=9.0, process=NOBODY, entity="", canaries=(), bytes_out=48,
        bytes_in=0, destination=Destination(domain="", ip="203.0.113.9", port=123), transport="udp",
        protocol="raw", sni="", ja4="", visibility=Visibility.METADATA_ONLY,
        purpose=Purpose.CONNECTIVITY_CHECK, requests=(), evidence=("events.jsonl:131",)),
    _flow("f6", phase="start", start_s=2.6, end_s=3.3, destination=Destination(domain="models.example.org",
        ip="198.18.0.9", port=443), sni="models.example.org", purpose=Purpose.MODEL_REGISTRY,
        entity="Example Models", declared=True, canaries=(), bytes_out=310, requests=(_exchange("f6.1",
        "GET", "https://models.example.org/v1/list", Purpose.MODEL_REGISTRY, 0, 2.7), )),
)  # fmt: skip


def _lookup(id_: str, name: str, at: float, **changes: object) -> Lookup:
    base = Lookup(
        id=id_,
        phase="start",
        start_s=at,
        process=CHAT,
        name=name,
        type="A",
        answers=("198.18.0.7",),
        entity="",
        declared=False,
        followed=True,
        canaries=(),
        evidence=("events.jsonl:90",),
    )
    return dataclasses.replace(base, **changes)


LOOKUPS = (
    _lookup("l1", "eu.i.posthog.com", 1.85, entity="PostHog"),
    _lookup("l2", "api.smith.langchain.com", 20.45, phase="prompt", entity="LangChain"),
    _lookup("l3", "update.chat.example", 3.2, followed=False, entity="Chat Ltd"),
)


def _canary(id_: str, kind: CanaryKind, planted_in: str, *found: Sighting) -> CanaryReport:
    return CanaryReport(canary=Canary(id=id_, kind=kind, value=MARKER, planted_in=planted_in), found=found)


EXCERPT = 'inputs":{"messages":[{"role":"user","content":"Please remember [[kestrel-48213]] and tell me'
CANARIES = (
    _canary("prompt-1", CanaryKind.PROMPT, "prompt 1", Sighting(canary="prompt-1", where="request body",
        subject="f1", exchange="f1.1", encoding=("gzip", "base64"), excerpt=EXCERPT),
        Sighting(canary="prompt-1", where="request body", subject="f2", exchange="f2.1", excerpt=EXCERPT),
        Sighting(canary="prompt-1", where="file", subject="/home/ann/.chat/history.db", excerpt=EXCERPT)),
    _canary("document-1", CanaryKind.DOCUMENT, "the attached document"),
    _canary("identity-hostname", CanaryKind.IDENTITY, "host name", Sighting(canary="identity-hostname",
        where="header user-agent", subject="f2", exchange="f2.1", encoding=("sha256",)),
        Sighting(canary="identity-hostname", where="lookup", subject="l3")),
    _canary("control-https", CanaryKind.CONTROL, "control program", Sighting(canary="control-https",
        where="request body", subject="c1")),
)  # fmt: skip

FINDINGS = (
    Finding(rule="TEL001", title="Sends telemetry", severity=Severity.MEDIUM, confidence=Confidence.HIGH,
        phase="start", message="python3.11 sent telemetry to eu.i.posthog.com.",
        remedy="Set POSTHOG_DISABLED=1 before starting the app.", process=CHAT,
        destination=FLOWS[2].destination, evidence=("events.jsonl:101",), fingerprint="aaaa000011112222",
        principles=(3,), entity="PostHog", subjects=("f3",),
        why="Usage events tell a company when and how you work."),
    Finding(rule="CAN001", title="What was typed leaves the machine", severity=Severity.CRITICAL,
        confidence=Confidence.HIGH, phase="prompt",
        message="The text of prompt 1 was found in a request body to api.smith.langchain.com.",
        remedy="unset LANGSMITH_TRACING LANGSMITH_API_KEY\nRemove the tracing callback from chat.py.",
        process=CHAT, destination=FLOWS[0].destination, evidence=("events.jsonl:218",
        "bodies/" + "ab" * 32), fingerprint="0123456789abcdef", principles=(1,), excerpt=EXCERPT + HOSTILE,
        entity="LangChain", subjects=("f1", "f2"), count=2,
        why="A prompt can hold anything: a patient's name, a contract. Whoever receives it may keep it."),
    Finding(rule="SAV001", title="Keeps what was typed on disk", severity=Severity.HIGH,
        confidence=Confidence.HIGH, phase="prompt",
        message="The text of prompt 1 is in ~/.chat/history.db.",
        remedy="Start the app with --no-history.", process=CHAT, destination=None, evidence=("files/0001",),
        fingerprint="bbbb000011112222", principles=(8,), excerpt=EXCERPT,
        subjects=("/home/ann/.chat/history.db",)),
    Finding(rule="EXP001", title="Accepts connections from the network", severity=Severity.LOW,
        confidence=Confidence.MEDIUM, phase="start", message="Port 8000 listens on every address.",
        remedy="Start the app with --host 127.0.0.1.", process=None, destination=None,
        evidence=("events.jsonl:60",), fingerprint="cccc000011112222", principles=(9,),
        suppressed=Suppressed(reason="Behind the clinic's firewall", expires="2027-01-31")),
)  # fmt: skip

FRAMES = {
    FrameKind.READ: (900, 4), FrameKind.METADATA_ONLY: (0, 0), FrameKind.OPAQUE: (20, 1), FrameKind.LOOKUP: (12, 2),
    FrameKind.PACKET: (3, 1), FrameKind.HOUSEKEEPING: (700, 0), FrameKind.OWN: (60, 0), FrameKind.UNACCOUNTED: (0, 0),
}  # fmt: skip
LEDGER = FrameLedger(
    left=FrameCount(frames=1695, bytes=169500), arrived=FrameCount(frames=800, bytes=80000),
    inside=FrameCount(frames=40, bytes=4000), unaccounted=0, examples=(), unrecorded_bytes=0, reread=0,
    rows=tuple(FrameRow(kind=kind, frames=frames, bytes=100 * frames, payload_bytes=50 * frames, items=items)
    for kind, (frames, items) in FRAMES.items()),
)  # fmt: skip
COVERAGE = Coverage(
    ledger=LEDGER,
    controls=tuple(ControlResult(channel=name, seen=True, attributed=True, round=moment,
    decoded=True if name in ("https", "dns") else None) for moment in ("before", "after") for name in
    ("https", "dns", "tcp", "udp", "file")), packets_captured=1204, packets_dropped=0, flows_total=6, flows_attributed=5,
    flows_decrypted=4, flows_opaque=1, answered=True, answer_contains_marker=True, prompted=True,
    gaps=(Gap(text="1 connection could not be decrypted: xn--pypl-53dc.example:8443.", blinds=False),
    Gap(text="1 conversation could not be traced to a process: 203.0.113.9:123.", blinds=False)),
)  # fmt: skip
ANSWERS = (
    Answer(index=1, prompt=f"Please remember {MARKER} and tell me a story about a harbour.", seconds=3.2,
        contains_marker=True,
        answer=f"The harbour kept {MARKER} in its ledger.\nNobody asked why.{HOSTILE}"),
    Answer(index=2, prompt=f"Repeat {MARKER}.", answer="", contains_marker=False, seconds=60.0,
        error="no answer within 60 s"),
)  # fmt: skip
REFERENCE = Reference(
    engine="llama.cpp", version="b6700", model_sha256="5f" * 32, prompts=2,
    answers=(dataclasses.replace(ANSWERS[0], answer=f"{MARKER} is noted."), dataclasses.replace(ANSWERS[1],
    answer=MARKER, error="")), flows=0, lookups=0, files=0, canaries_found=0, listeners=1, processes=1,
    tokens_per_second=412.5,
)  # fmt: skip
PROCESSES = (
    Process(key=CHAT.key, pid=4211, parent=None, executable=PYTHON, argv=CHAT.argv, start_s=0.81,
        end_s=40.2),
    Process(key=NODE.key, pid=4302, parent=CHAT.key, executable=NODE.executable, argv=NODE.argv,
        start_s=5.0, end_s=None),
)  # fmt: skip
FILES = (
    FileChange(path="/home/ann/.chat/history.db", change="created", bytes=8192, process=CHAT,
        canaries=("prompt-1",), metadata=("mode 0644",), content="0001", evidence=("events.jsonl:400",)),
    FileChange(path="/tmp/" + "deep/" * 30 + "x.log", change="modified", bytes=12, process=NOBODY,
        canaries=(), metadata=()),
)  # fmt: skip
LISTENERS = (Listener(address="0.0.0.0", port=8000, process=CHAT, exposure="all-interfaces", phase="start"),)
ATTEMPTS = (Attempt(process=NODE, call="io_uring_setup", detail="denied with ENOSYS", phase="idle"),)
RULES = (
    RuleOutcome(rule="CAN001", title="What was typed leaves the machine", outcome="fail"),
    RuleOutcome(rule="TEL001", title="Sends telemetry", outcome="fail"),
    RuleOutcome(rule="UPD001", title="Checks for updates", outcome="pass"),
    RuleOutcome(rule="TLS003", title="Pins certificates", outcome="not-available",
        note="1 connection could not be decrypted"),
    RuleOutcome(rule="BAD001", title="Broken rule", outcome="error", note="unknown field"),
)  # fmt: skip


def _principles(*outcomes: tuple[Outcome, tuple[str, ...]]) -> tuple[PrincipleResult, ...]:
    rest = [(Outcome.PASS, ())] * (len(PRINCIPLES) - len(outcomes))
    return tuple(
        PrincipleResult(
            number=number, id=title.lower().replace(" ", "-"), title=title, outcome=outcome, findings=findings
        )
        for number, (title, (outcome, findings)) in enumerate(
            zip(PRINCIPLES, [*outcomes, *rest], strict=True), start=1
        )
    )


FAILING = Case(
    run=RUN, flows=FLOWS, lookups=LOOKUPS, canaries=CANARIES, files=FILES, listeners=LISTENERS,
    processes=PROCESSES, attempts=ATTEMPTS, coverage=COVERAGE, reference=REFERENCE, answers=ANSWERS,
)  # fmt: skip
FAIL = Judgement(
    verdict=Verdict(outcome=Outcome.FAIL, exit_code=1, reasons=("1 critical and 1 high finding",
    "1 connection could not be decrypted")), principles=_principles((Outcome.FAIL, ("0123456789abcdef",)),
    (Outcome.PASS, ()), (Outcome.FAIL, ("aaaa000011112222",)), (Outcome.NOT_TESTED, ()),
    (Outcome.INCONCLUSIVE, ()), *[(Outcome.PASS, ())] * 2, (Outcome.FAIL, ("bbbb000011112222",))),
    findings=FINDINGS, rules=RULES, rules_digest="c0ffee" * 10 + "abcd",
)  # fmt: skip

QUIET_COVERAGE = dataclasses.replace(
    COVERAGE, flows_total=0, flows_attributed=0, flows_decrypted=0, flows_opaque=0, gaps=()
)
PAIRED = Dependence(
    outcome=DependenceOutcome.INDEPENDENT, effects=(), runs=18, typed=14, most=24, error_rate=0.001,
    tests=tuple(PairedTest(family=one, runs=18, chance=0.4, threshold=0.00005) for one in Family),
    reason="", power="With 14 prompts, such and such is found.", most_unread=600, longest_prompt=2300,
)  # fmt: skip
QUIET = dataclasses.replace(
    FAILING, flows=(), lookups=(), files=(), attempts=(), coverage=QUIET_COVERAGE, answers=ANSWERS[:1],
    dependence=PAIRED,
    canaries=tuple(dataclasses.replace(report, found=()) for report in CANARIES),
    listeners=(Listener(address="127.0.0.1", port=8000, process=CHAT, exposure="loopback", phase="start"),),
)  # fmt: skip
PASSED = Judgement(
    verdict=Verdict(outcome=Outcome.PASS, exit_code=0, reasons=("5 of 5 test signals were observed",)),
    principles=_principles(),
    findings=(),
    rules=RULES[2:3],
    rules_digest="c0ffee" * 10 + "abcd",
)

BLIND = dataclasses.replace(
    QUIET, run=dataclasses.replace(RUN, assurance=Assurance.REDUCED, sealed=False,
    reduced_by=("TPROXY is missing in this kernel.",), app_status="signal 9"),
    coverage=dataclasses.replace(QUIET_COVERAGE, controls=(ControlResult(channel="https", seen=False,
    attributed=False), *COVERAGE.controls[1:]), packets_dropped=31, answered=False,
    answer_contains_marker=False, gaps=(Gap(text="Our own HTTPS request was not seen.", blinds=True),
    Gap(text="31 packets were dropped.", blinds=True, principle=1))), answers=ANSWERS[1:],
    reference=dataclasses.replace(REFERENCE, error="the engine could not be loaded", prompts=0,
    answers=()),
)  # fmt: skip
UNKNOWN = dataclasses.replace(
    PASSED, rules=RULES[3:], verdict=Verdict(outcome=Outcome.INCONCLUSIVE, exit_code=3,
    reasons=("Our own HTTPS request was not seen.", "The app gave no answer.")),
    principles=_principles(*[(Outcome.INCONCLUSIVE, ())] * 10),
)  # fmt: skip

EMPTY = Case(
    run=dataclasses.replace(RUN, command=(), phases=(), duration_s=0.0, driver="none", declared=(),
    home=""), flows=(), lookups=(), canaries=(), files=(), listeners=(), processes=(), attempts=(),
    reference=None, answers=(), coverage=Coverage(controls=(), packets_captured=0, packets_dropped=0,
    flows_total=0, flows_attributed=0, flows_decrypted=0, flows_opaque=0, answered=False,
    answer_contains_marker=None, prompted=False, gaps=()),
)  # fmt: skip
NOTHING = Judgement(
    verdict=Verdict(outcome=Outcome.INCONCLUSIVE, exit_code=3, reasons=()),
    principles=(),
    findings=(),
    rules=(),
    rules_digest="",
)

CASES = {
    "fail": (FAILING, FAIL),
    "pass": (QUIET, PASSED),
    "inconclusive": (BLIND, UNKNOWN),
    "empty": (EMPTY, NOTHING),
}


@pytest.fixture(params=list(CASES))
def any_result(request):
    """Each of the four in turn."""
    return build_result(*CASES[request.param])


@pytest.fixture
def cases():
    """(case, judgement) by name."""
    return CASES


@pytest.fixture
def failing():
    """The result of the failing case."""
    return build_result(*CASES["fail"])


@pytest.fixture
def passing():
    """The result of the passing case."""
    return build_result(*CASES["pass"])


@pytest.fixture
def hostile_text():
    """Text that an app could print to deceive a reader."""
    return HOSTILE
