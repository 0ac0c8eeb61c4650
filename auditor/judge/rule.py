"""A rule, compiled from one YAML file with every mistake in it named.

Not the judging with it: that is `auditor.judge.engine`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from auditor.judge.detection import Detection
from auditor.judge.detection import Fields
from auditor.judge.detection import compile_detection
from auditor.judge.detection import field_known
from auditor.judge.field import BY_NAME
from auditor.judge.field import COUNT
from auditor.judge.field import Kind
from auditor.judge.field import type_fault
from auditor.judge.problem import Problem
from auditor.judge.problem import did_you_mean
from auditor.judge.rulefile import Expect
from auditor.judge.rulefile import InlineTest
from auditor.judge.rulefile import Lifecycle
from auditor.judge.rulefile import Need
from auditor.judge.rulefile import RuleFile
from auditor.judge.rulefile import shape
from auditor.judge.source import Document
from auditor.judge.source import SourceError
from auditor.judge.source import Where
from auditor.judge.source import read
from auditor.judge.template import placeholders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.judge.problem import Mark
    from auditor.model.finding import Confidence
    from auditor.model.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """One inline test, ready to run."""

    name: str
    given: tuple[Fields, ...]
    expect: Expect
    findings: int | None
    message: str | None
    todo: str
    """Empty when the rule can do this."""
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule."""

    id: str
    name: str
    title: str
    """Completes the sentence "The app ..."."""
    lifecycle: Lifecycle
    severity: Severity
    confidence: Confidence
    why: str
    remedy: str
    references: tuple[str, ...]
    tags: tuple[str, ...]
    principles: tuple[int, ...]
    """Numbers of the local-first principles it speaks to."""
    needs: tuple[Need, ...]
    each: Kind
    detection: Detection
    fingerprint: tuple[str, ...]
    """Records that agree in these fields make one finding."""
    message: str
    tests: tuple[RuleTest, ...]
    path: str


class FileProblems:
    """Collects what is wrong with one file."""

    def __init__(self, path: str, document: Document) -> None:
        self.path = path
        self._document = document
        self.found: list[Problem] = []
        for mark, text, fix in document.faults:
            self.found.append(Problem(path=path, mark=mark, text=text, fix=fix))

    def complain(self, where: Where, text: str, fix: str) -> None:
        """Note a problem at a place in the document."""
        self.found.append(Problem(path=self.path, mark=self._document.mark(where), text=text, fix=fix))


def read_document(path: str, data: bytes) -> tuple[Document, FileProblems]:
    """Parse a file; what is unreadable becomes a problem of an empty document."""
    try:
        document = read(data)
    except SourceError as error:
        broken = Document(None, {}, ((error.mark, error.text, error.fix),))
        return broken, FileProblems(path, broken)
    return document, FileProblems(path, document)


def load_rule(path: str, file_name: str, data: bytes) -> tuple[Rule | None, list[Problem]]:
    """Compile the rule in one file; None with at least one problem when it cannot be used.

    Args:
        path: How messages name the file.
        file_name: `ID-name.yaml`, which the content must agree with.
        data: Its content.
    """
    document, problems = read_document(path, data)
    if document.value is None and problems.found:
        return None, problems.found
    file = shape(document.value, RuleFile, (), problems.complain)
    rule = _compile(file, path, document, problems) if file is not None else None
    if file is not None:
        _check(file, file_name, problems)
    return (None if problems.found else rule), problems.found


def _compile(file: RuleFile, path: str, document: Document, problems: FileProblems) -> Rule | None:
    detection = compile_detection(file.detect, file.each, ("detect",), problems.complain)
    tests = tuple(_test(test, document.mark(("tests", n))) for n, test in enumerate(file.tests))
    if detection is None:
        return None
    return Rule(
        id=file.id, name=file.name, title=file.title.strip(), lifecycle=file.lifecycle,
        severity=file.severity, confidence=file.confidence,
        why=_joined(file.why), remedy=_joined(file.remedy),
        references=tuple(file.references), tags=tuple(file.tags), principles=tuple(file.principles),
        needs=tuple(file.needs), each=file.each, detection=detection, fingerprint=tuple(file.fingerprint),
        message=_joined(file.message), tests=tests, path=path,
    )  # fmt: skip


def _joined(text: str) -> str:
    return " ".join(text.split())


def _test(file: InlineTest, mark: Mark) -> RuleTest:
    return RuleTest(
        name=file.name, given=tuple(_record(one) for one in _records(file)), expect=file.expect,
        findings=file.findings, message=file.message and _joined(file.message), todo=file.todo or "",
        mark=mark,
    )  # fmt: skip


def _records(file: InlineTest) -> Sequence[dict[str, Any]]:
    return file.given if isinstance(file.given, list) else [file.given]


def _record(given: dict[str, Any]) -> Fields:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _check(file: RuleFile, file_name: str, problems: FileProblems) -> None:
    """Everything that the shape alone cannot say."""
    expected = f"{file.id}-{file.name}.yaml"
    if file_name != expected:
        problems.complain(("id",), f"The file is called {file_name}.", f"Call it {expected}.")
    for n, name in enumerate(file.fingerprint):
        field_known(name, file.each, ("fingerprint", n), problems.complain)
    _check_message(file, problems)
    _check_tests(file, problems)


def _check_message(file: RuleFile, problems: FileProblems) -> None:
    try:
        names = placeholders(file.message)
    except ValueError as error:
        problems.complain(("message",), f"The message is not understood: {error}.", "Write {field.name}.")
        return
    for name in names:
        if name != COUNT:
            field_known(name, file.each, ("message",), problems.complain)


def _check_tests(file: RuleFile, problems: FileProblems) -> None:
    for expected in Expect:
        if not any(test.expect is expected and test.todo is None for test in file.tests):
            text = f"No test expects `{expected}`."
            problems.complain(("tests",), text, f"Add one with `expect: {expected}` and no `todo`.")
    for n, test in enumerate(file.tests):
        for m, given in enumerate(_records(test)):
            at: Where = ("tests", n, "given", m) if isinstance(test.given, list) else ("tests", n, "given")
            for name, value in given.items():
                _check_given(name, value, file.each, (*at, name), problems)


def _check_given(name: str, value: Any, kind: Kind, at: Where, problems: FileProblems) -> None:  # noqa: ANN401 - from YAML
    if not field_known(name, kind, at, problems.complain):
        return
    field = BY_NAME[name]
    for one in value if isinstance(value, list) else [value]:
        if fault := type_fault(field, one):
            problems.complain(at, f"`{name}` {fault}, not `{one}`.", "Change the value.")
        elif field.values and one not in field.values:
            problems.complain(at, f"`{name}` is never `{one}`.", did_you_mean(str(one), field.values))
