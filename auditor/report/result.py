"""From a judged case to the one result document, and from there to JSON and its schema.

No judging: every fact and every verdict is copied; only the published shape is made here.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING
from typing import Any

import msgspec

from auditor.model.canary import CanaryKind
from auditor.report import document as doc
from auditor.report.headline import app_name
from auditor.report.headline import leak_targets
from auditor.report.headline import sentence
from auditor.report.text import encodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.canary import CanaryReport
    from auditor.model.canary import Sighting
    from auditor.model.case import Case
    from auditor.model.coverage import Coverage
    from auditor.model.finding import Finding
    from auditor.model.finding import Judgement
    from auditor.model.flow import Flow
    from auditor.model.flow import HttpExchange
    from auditor.model.flow import Lookup
    from auditor.model.process import Process
    from auditor.model.run import Run

TEXT_LIMIT = 16_384
"""Characters of any one string in the document; the evidence keeps the whole."""
_DECIMALS = 3
_SMALL = 0.01
"""Below it (the chances of paired runs), significant digits are kept instead of decimals."""


def build_result(case: Case, judgement: Judgement) -> doc.Result:
    """Bring a judged case into the published shape (pure; equal input gives an equal result)."""
    lookups = {lookup.id for lookup in case.lookups}
    canaries = tuple(_canary(report, lookups) for report in case.canaries if _published(report))
    findings = tuple(sorted(judgement.findings, key=_gravest_first))
    result = doc.Result(
        schema_version=doc.SCHEMA_VERSION,
        run=_run(case.run, judgement.rules_digest),
        verdict=_verdict(case, judgement, canaries, findings),
        principles=tuple(sorted(judgement.principles, key=lambda principle: principle.number)),
        findings=findings,
        flows=tuple(_flow(flow) for flow in sorted(case.flows, key=_earliest_first)),
        lookups=tuple(sorted(case.lookups, key=_earliest_first)),
        canaries=canaries,
        files=case.files,
        listeners=case.listeners,
        processes=_processes(case.processes),
        attempts=case.attempts,
        coverage=_coverage(case.coverage),
        reference=case.reference,
        answers=case.answers,
        rules=judgement.rules,
        paired=case.dependence,
    )
    bounded: doc.Result = _bounded(result)
    return bounded


def encode_result(result: doc.Result) -> bytes:
    """`result.json`: indented UTF-8, the same bytes for an equal result."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `result.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"result.json, schema_version {doc.SCHEMA_VERSION}",
        **msgspec.json.schema(doc.Result),
    }


def _gravest_first(finding: Finding) -> tuple[bool, int, str, str]:
    return (finding.suppressed is not None, -finding.severity.rank, finding.rule, finding.fingerprint)


def _earliest_first(item: Flow | Lookup) -> float:
    return item.start_s


def _published(report: CanaryReport) -> bool:
    # What our own positive control planted is reported as coverage, not as something of the app.
    return report.canary.kind is not CanaryKind.CONTROL


def _run(run: Run, rules_digest: str) -> doc.Run:
    return doc.Run(
        id=run.id,
        started=run.started,
        duration_s=run.duration_s,
        command=run.command,
        mode=run.mode,
        assurance=run.assurance,
        driver=run.driver,
        tool_version=run.tool_version,
        rules_digest=rules_digest,
        phases=run.phases,
        app_status=run.app_status,
        reduced_by=run.reduced_by,
        options=run.options,
        declared=run.declared,
        sealed=run.sealed,
        home=run.home,
        altered=run.altered,
    )


def _verdict(
    case: Case, judgement: Judgement, canaries: Sequence[doc.Canary], findings: Sequence[Finding]
) -> doc.Verdict:
    return doc.Verdict(
        outcome=judgement.verdict.outcome,
        exit_code=judgement.verdict.exit_code,
        reasons=judgement.verdict.reasons,
        sentence=sentence(
            judgement.verdict.outcome,
            app=app_name(case.run.command),
            leaks=leak_targets(canaries, case.flows, case.lookups),
            findings=findings,
            prompted=case.coverage.prompted,
        ),
    )


def _flow(flow: Flow) -> doc.Flow:
    return doc.Flow(
        id=flow.id,
        phase=flow.phase,
        start_s=flow.start_s,
        end_s=flow.end_s,
        process=flow.process,
        destination=flow.destination,
        transport=flow.transport,
        protocol=flow.protocol,
        visibility=flow.visibility,
        sni=flow.sni,
        ja4=flow.ja4,
        bytes_out=flow.bytes_out,
        bytes_in=flow.bytes_in,
        purpose=flow.purpose,
        entity=flow.entity,
        declared=flow.declared,
        canaries=flow.canaries,
        requests=tuple(_request(exchange) for exchange in flow.requests),
        note=flow.note,
        evidence=flow.evidence,
        alpn=flow.alpn,
        alert=flow.alert,
        trust_store=flow.trust_store,
        unverified=flow.unverified,
    )


def _request(exchange: HttpExchange) -> doc.Request:
    return doc.Request(
        id=exchange.id,
        method=exchange.method,
        url=exchange.url,
        status=exchange.status,
        bytes_out=exchange.bytes_out,
        bytes_in=exchange.bytes_in,
        purpose=exchange.purpose,
        served_by=exchange.served_by,
        start_s=exchange.mono_s,
        evidence=exchange.evidence,
    )


def _canary(report: CanaryReport, lookups: set[str]) -> doc.Canary:
    return doc.Canary(
        id=report.canary.id,
        kind=report.canary.kind,
        planted_in=report.canary.planted_in,
        found=tuple(_found(sighting, lookups) for sighting in report.found),
    )


def _found(sighting: Sighting, lookups: set[str]) -> doc.Found:
    in_file = sighting.where.startswith("file")
    kind = "file" if in_file else "lookup" if sighting.subject in lookups else "flow"
    return doc.Found(
        where=sighting.where,
        encoding=" > ".join(sighting.encoding) or "plain",
        direction=sighting.direction,
        exchange=sighting.exchange,
        excerpt=sighting.excerpt,
        extent=sighting.extent,
        path=sighting.path,
        **{kind: sighting.subject},
    )


def _processes(processes: Sequence[Process]) -> tuple[doc.Process, ...]:
    pids = {process.key: process.pid for process in processes}
    return tuple(
        doc.Process(
            pid=process.pid,
            parent=pids.get(process.parent) if process.parent else None,
            executable=process.executable,
            argv=process.argv,
            start_s=process.start_s,
            end_s=process.end_s,
            key=process.key,
            parent_key=process.parent,
        )
        for process in processes
    )


def _coverage(coverage: Coverage) -> doc.Coverage:
    return doc.Coverage(
        controls=coverage.controls,
        packets=doc.PacketCount(captured=coverage.packets_captured, dropped=coverage.packets_dropped),
        flows=doc.FlowCount(
            total=coverage.flows_total,
            attributed=coverage.flows_attributed,
            decrypted=coverage.flows_decrypted,
            opaque=coverage.flows_opaque,
        ),
        answered=coverage.answered,
        answer_contains_marker=coverage.answer_contains_marker,
        gaps=tuple(gap.text for gap in coverage.gaps),
        prompted=coverage.prompted,
        gap_details=coverage.gaps,
        ledger=coverage.ledger,
    )


def _bounded(value: Any) -> Any:  # noqa: ANN401 - walks every type of the document and keeps each
    """`value` with every string cut and made encodable and every float rounded, however deep."""
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        return encodable(value, limit=TEXT_LIMIT)
    if isinstance(value, float):
        return round(value, _DECIMALS) if abs(value) >= _SMALL else float(f"{value:.{_DECIMALS}g}")
    if isinstance(value, tuple):
        return tuple(_bounded(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: _bounded(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return value
