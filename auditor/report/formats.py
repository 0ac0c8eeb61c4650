"""The formats of `--format`, as one table, and writing the two that every run directory gets.

Not a plug-in system: a format is a line in `FORMATS`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import TextIO

from auditor.errors import RecordingFailed
from auditor.report.console import render_console
from auditor.report.html import render_html
from auditor.report.result import build_result
from auditor.report.result import encode_result

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.evidence.store import RunDirectory
    from auditor.model.case import Case
    from auditor.model.finding import Judgement
    from auditor.report.document import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to render a result."""

    name: str
    """As in `--format NAME[=FILE]`."""
    write: Callable[[Result, TextIO, str], None]
    """Writes a result to a stream; the text is the path of the HTML report, for formats that mention it."""


def _console(result: Result, stream: TextIO, report: str) -> None:
    render_console(result, stream, report=report)


def _html(result: Result, stream: TextIO, _report: str) -> None:
    stream.write(render_html(result))


def _json(result: Result, stream: TextIO, _report: str) -> None:
    stream.write(encode_result(result).decode())


FORMATS: Mapping[str, Format] = {
    item.name: item
    for item in (
        Format(name="console", write=_console),
        Format(name="html", write=_html),
        Format(name="json", write=_json),
    )
}


def write_reports(case: Case, judgement: Judgement, directory: RunDirectory) -> Result:
    """Write `result.json` and `report.html` into a run directory, each whole or not at all, mode 0600.

    Returns:
        The result, ready for further formats.

    Raises:
        RecordingFailed: the directory is not writable or the disk is full.
    """
    result = build_result(case, judgement)
    replace_file(directory.result, encode_result(result))
    replace_file(directory.report, render_html(result).encode())
    return result


def replace_file(path: Path, content: bytes) -> None:
    """Write a report file atomically, readable by its owner alone.

    Raises:
        RecordingFailed: the folder is not writable or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - mode
            file.write(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RecordingFailed(
            f"{path} cannot be written: {error.strerror}.",
            fix="Make room or name another folder, then run `audit report` on the run directory.",
        ) from error
