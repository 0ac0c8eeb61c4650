"""What the commands call: one function for each stage, with its messages.

Not the stages themselves; and nothing here knows click's options.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import interrupts
from auditor.errors import ExitCode
from auditor.errors import UsageError
from auditor.evidence import store
from auditor.evidence.store import RunDirectory
from auditor.model.run import Assurance
from auditor.model.severity import Severity
from auditor.record.settings import Settings

if TYPE_CHECKING:
    from auditor.cli.pairing import Wish
    from auditor.record.recording import Recorded
    from auditor.report import Result

Outputs = tuple[tuple[str, Path | None], ...]


def record(settings: Settings) -> Recorded:
    """Record, with live progress on standard error."""
    with interrupts.held():
        from auditor.record import recording  # noqa: PLC0415

    return recording.record(settings)


def record_all(settings: Settings, wish: Wish | None) -> tuple[RunDirectory, int]:
    """Record, and the paired runs too when they are wished for; 128+n besides when signal n ended it."""
    recorded = record(settings)
    if wish is None or recorded.exit_code:
        return recorded.directory, recorded.exit_code
    from auditor.cli.pairing import record_pairs  # noqa: PLC0415

    return recorded.directory, record_pairs(settings, recorded.directory, wish)


def open_run(root: Path) -> RunDirectory:
    """An old run directory."""
    return store.open_run(root)


def check_rules(folders: Sequence[Path]) -> None:
    """See that rules which the user brings are sound, before anything is run.

    Raises:
        UsageError: with every problem of every file.
    """
    if folders:
        from auditor.cli.ruling import load  # noqa: PLC0415

        load(folders)


def check_assurance(directory: RunDirectory, least: str) -> int:
    """Say when a recording has less assurance than was asked for; the exit code."""
    from auditor.evidence import journal  # noqa: PLC0415 - only `record` asks
    from auditor.judge.assurance import FIX  # noqa: PLC0415
    from auditor.judge.assurance import shortfall  # noqa: PLC0415
    from auditor.judge.wording import sentence  # noqa: PLC0415
    from auditor.model.observation import RunOpened  # noqa: PLC0415

    opened = next(
        (one.what for one in journal.read(directory.events) if isinstance(one.what, RunOpened)), None
    )
    text = shortfall(Assurance(opened.assurance), opened.reduced_by, Assurance(least)) if opened else ""
    if not text:
        return int(ExitCode.PASS)
    sys.stderr.write(f"audit: {sentence(text)}\n       fix: {FIX}\n")
    return int(ExitCode.INCONCLUSIVE)


def judge(
    directory: RunDirectory, fail_on: str, folders: Sequence[Path], outputs: Outputs, min_assurance: str
) -> int:
    """Classify, judge, write the reports; returns the exit code.

    Raises:
        UsageError: the journal is broken, or an output file cannot be written.
    """
    from auditor.classify.case import classify  # noqa: PLC0415
    from auditor.classify.pairs.paired import with_pairs  # noqa: PLC0415
    from auditor.cli.ruling import load  # noqa: PLC0415
    from auditor.judge.engine import judge as judge_case  # noqa: PLC0415
    from auditor.judge.policy import Policy  # noqa: PLC0415
    from auditor.report import write_reports  # noqa: PLC0415

    try:
        case = with_pairs(classify(directory), directory)
    except ValueError as error:
        raise UsageError(f"The run cannot be read: {error}.", fix="Record it again.") from error
    policy = Policy(fail_on=Severity(fail_on), min_assurance=Assurance(min_assurance))
    judgement = judge_case(case, load(folders), policy)
    result = write_reports(case, judgement, directory)
    for name, file in outputs:
        _write(result, name, file, str(directory.report))
    return judgement.verdict.exit_code


def _write(result: Result, name: str, file: Path | None, report: str) -> None:
    from auditor.report import FORMATS  # noqa: PLC0415

    if file is None:
        FORMATS[name].write(result, sys.stdout, report)
        return
    try:
        with file.open("w", encoding="utf-8") as stream:
            FORMATS[name].write(result, stream, report)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}.", fix="Name another file after --format NAME=."
        ) from error


def doctor() -> int:
    """Print what this machine allows; 0 when a box can be built."""
    from auditor.record.doctor import examine  # noqa: PLC0415

    worst = ExitCode.PASS
    for check in examine():
        sys.stdout.write(f"{check.outcome:<10} {check.name:<20} {check.what}\n")
        for line in (check.detail, f"fix: {check.fix}" if check.fix else ""):
            if line:
                sys.stdout.write(f"{'':<31} {line}\n")
        if check.outcome == "missing":
            worst = ExitCode.INCONCLUSIVE
    sys.stdout.write(f"\n{'A box can be built here.' if not worst else 'No box can be built here yet.'}\n")
    return int(worst)


def print_apparmor_profile() -> int:
    """Print a profile that lets this interpreter make user namespaces."""
    from auditor.record.apparmor import profile  # noqa: PLC0415

    sys.stdout.write(profile())
    return int(ExitCode.PASS)
