"""Reading one YAML file into plain values that remember where they stood.

Not a whole YAML reader: one document, no anchors, no tags, no merge keys, and words stay words
(`no` and `on` are text, as in YAML 1.2). Rule files come from strangers, so everything is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Protocol
from typing import TypeAlias

import yaml

from auditor.judge.problem import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 64 * 1024
"""Size of one file."""
MAX_DEPTH = 20
"""Levels of nesting."""

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
Where: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value."""

# libyaml is some ten times faster; PyYAML without it behaves the same.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, Plain] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")


class SourceError(ValueError):
    """The text is no YAML, or too much of it."""

    def __init__(self, text: str, fix: str, mark: Mark) -> None:
        super().__init__(text)
        self.text = text
        self.fix = fix
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Document:
    """The values of one file."""

    value: Plain
    marks: dict[Where, Mark]
    """Where each value began; of the members of a mapping, where the key began."""
    faults: tuple[tuple[Mark, str, str], ...] = field(default=())
    """(position, text, fix) of things YAML allows and we do not."""

    def mark(self, where: Where) -> Mark:
        """Position of a value, or of the nearest thing around it."""
        while where not in self.marks and where:
            where = where[:-1]
        return self.marks.get(where, Mark())


def read(data: bytes) -> Document:
    """Parse the bytes of one file.

    Raises:
        SourceError: not UTF-8, not YAML, too large or nested too deeply.
    """
    if len(data) > MAX_BYTES:
        raise SourceError(f"The file is larger than {MAX_BYTES} bytes.", "Split it.", Mark())
    try:
        return _Reader(data.decode("utf-8")).document()
    except UnicodeDecodeError as error:
        raise SourceError(
            "The file is not UTF-8.", "Save it as UTF-8.", _mark_of_byte(data, error.start)
        ) from error
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        text = f"Not YAML: {error.problem or error.context}."
        raise SourceError(text, "Check indentation, quotes and colons.", _mark(at)) from error
    except yaml.YAMLError as error:
        text = "The file holds a character that YAML forbids."
        raise SourceError(text, "Remove control characters.", Mark()) from error


def _mark_of_byte(data: bytes, offset: int) -> Mark:
    before = data[:offset]
    return Mark(before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1)


class _Position(Protocol):
    """What both of PyYAML's parsers call a mark."""

    line: int
    column: int


def _mark(at: _Position | None) -> Mark:
    return Mark(at.line + 1, at.column + 1) if at is not None else Mark()


class _Reader:
    """Turns the event stream of one text into a document."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))
        self._marks: dict[Where, Mark] = {}
        self._faults: list[tuple[Mark, str, str]] = []

    def document(self) -> Document:
        """Read the whole stream."""
        value: Plain = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 1:
                    value = self._value(next(self._events), (), 0)
                    continue
                self._fault(event, "A second document begins here.", "Put it in a file of its own.")
        return Document(value, self._marks, tuple(self._faults))

    def _fault(self, event: yaml.Event, text: str, fix: str) -> None:
        self._faults.append((_mark(event.start_mark), text, fix))

    def _value(self, event: yaml.Event, where: Where, depth: int) -> Plain:
        self._marks.setdefault(where, _mark(event.start_mark))
        if depth > MAX_DEPTH:
            raise SourceError(
                f"Nested deeper than {MAX_DEPTH} levels.", "Flatten it.", _mark(event.start_mark)
            )
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._fault(event, "Anchors and aliases are not read.", "Write the value out.")
        elif getattr(event, "tag", None):
            self._fault(event, "A tag is not read.", "Remove it; quote the value if it is text.")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(where, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(where, depth)
        return _scalar(event) if isinstance(event, yaml.ScalarEvent) else None

    def _sequence(self, where: Where, depth: int) -> list[Plain]:
        items: list[Plain] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*where, len(items)), depth + 1))
        return items

    def _mapping(self, where: Where, depth: int) -> dict[str, Plain]:
        members: dict[str, Plain] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if not isinstance(event, yaml.ScalarEvent):
                self._fault(event, "A key must be a word.", "Write `key: value`.")
                self._value(event, (*where, ""), depth + 1)
            elif key in members:
                self._fault(event, f"The key `{key}` is given twice.", "Keep one of them.")
            elif key == "<<":
                self._fault(event, "Merge keys are not read.", "Write the values out.")
            self._marks.setdefault((*where, key), _mark(event.start_mark))
            members[key] = self._value(next(self._events), (*where, key), depth + 1)
        return members


def _scalar(event: yaml.ScalarEvent) -> Plain:
    """A word, number, truth value or null, as the YAML 1.2 core schema reads it."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
