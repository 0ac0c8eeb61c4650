"""The shape of a rule file and of the remedies file, checked key by key so that every mistake is named.

Not the meaning of what is inside: selections, messages and tests are compiled by `auditor.judge.rule`.
"""

from __future__ import annotations

import enum
import functools
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any
from typing import TypeVar

import msgspec

from auditor.judge.field import Kind
from auditor.judge.problem import did_you_mean
from auditor.model.finding import Confidence
from auditor.model.severity import Severity

if TYPE_CHECKING:
    from auditor.judge.detection import Complain
    from auditor.judge.source import Plain
    from auditor.judge.source import Where


class Lifecycle(enum.StrEnum):
    """What its users may count on."""

    EXPERIMENTAL = "experimental"
    """May change in any release."""
    STABLE = "stable"
    """What it matches changes only when it was wrong; its id never changes."""
    DEPRECATED = "deprecated"
    """Kept so that its id is never used again; not run."""


class Need(enum.StrEnum):
    """Evidence without which a rule that finds nothing has proven nothing."""

    FLOWS = "flows"
    CONTENTS = "contents"
    """Everything that left could be read."""
    LOOKUPS = "lookups"
    FILES = "files"
    LISTENERS = "listeners"
    ATTEMPTS = "attempts"
    PROMPTS = "prompts"
    """A prompt was handed to the app."""
    RESPONSES = "responses"
    """The answers carried a mark of their own."""
    SECRETS = "secrets"
    """Marked files, documents or variables were planted."""
    PROBES = "probes"
    """The app was offered a certificate that it should not accept."""
    PAIRS = "pairs"
    """The app was run many times, with what was typed drawn at random."""


class Expect(enum.StrEnum):
    """What a rule must say about the records of a test."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a verdict, not a password


Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
RuleId = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}[0-9]{3}$")]
RuleName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
PrincipleNumber = Annotated[int, msgspec.Meta(ge=1, le=10)]


class InlineTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One inline test."""

    name: Text
    given: dict[str, Any] | list[dict[str, Any]]
    """Fields of one record, or of several."""
    expect: Expect
    findings: int | None = None
    """How many findings these records make."""
    message: Text | None = None
    """Message of the first of them, word for word."""
    todo: Text | None = None
    """Why the rule cannot do this yet: a known gap, which must not pass unnoticed."""


class RuleFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule file."""

    id: RuleId
    name: RuleName
    title: Text
    lifecycle: Lifecycle
    severity: Severity
    confidence: Confidence
    why: Text
    remedy: Text
    references: list[Text] = []
    tags: list[RuleName] = []
    principles: list[PrincipleNumber]
    needs: list[Need]
    each: Kind
    detect: dict[str, Any]
    fingerprint: list[Text]
    message: Text
    tests: list[InlineTest]


class RemedyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of `remedies.yaml`."""

    product: Text
    match: dict[str, Any] | list[Any]
    """A selection over contacts."""
    unless: dict[str, Any] | list[Any] | None = None
    remedy: Text


_EXPLAINED: dict[str, str] = {
    "id": "An id is three capitals and three digits: EGR001.",
    "name": "A name is lower-case words joined by hyphens: undeclared-egress.",
    "tags": "A tag is lower-case words joined by hyphens.",
    "principles": "Principles are numbers from 1 to 10.",
}
_Shape = TypeVar("_Shape", bound=msgspec.Struct)


def shape(value: Plain, cls: type[_Shape], at: Where, complain: Complain) -> _Shape | None:
    """Convert a mapping to one of the structures above; None when something was complained of.

    Every key is converted by itself, so that one wrong value does not hide the next.
    """
    if not isinstance(value, dict):
        complain(at, f"Expected a map, got {_kind_of(value)}.", "Write `key: value` lines.")
        return None
    fields = _fields(cls)
    for key in value.keys() - fields.keys():
        complain((*at, key), f"Unknown key `{key}`.", did_you_mean(key, fields))
    for name, field in fields.items():
        if name not in value and field.required:
            complain(at, f"The key `{name}` is missing.", f"Add `{name}:`.")
    converted = {
        name: _member(value[name], field.type, (*at, name), complain)
        for name, field in fields.items()
        if name in value
    }
    complete = all(name in value for name, field in fields.items() if field.required)
    if not complete or _REFUSED in converted.values() or value.keys() - fields.keys():
        return None
    return cls(**converted)


@functools.cache
def _fields(cls: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(cls)}


class _Refused:
    """Stands for a value that was complained of."""


_REFUSED = _Refused()


def _member(value: Plain, wanted: Any, at: Where, complain: Complain) -> Any:  # noqa: ANN401 - any annotation
    if wanted == list[InlineTest] and isinstance(value, list):
        tests = [shape(item, InlineTest, (*at, n), complain) for n, item in enumerate(value)]
        return _REFUSED if None in tests else tests
    try:
        return msgspec.convert(value, type=wanted)
    except msgspec.ValidationError as error:
        _explain(str(error), value, at, complain)
        return _REFUSED


def _explain(message: str, value: Plain, at: Where, complain: Complain) -> None:
    """Say what msgspec found, at the item it found it in, with a fix that names the words allowed."""
    text, _, path = message.partition(" - at `$")
    index = path.partition("[")[2].partition("]")[0]
    if index.isdigit() and isinstance(value, list):
        at, value = (*at, int(index)), value[int(index)]
    key = next(str(part) for part in reversed(at) if isinstance(part, str))
    words = _WORDS.get(key, ())
    fix = did_you_mean(str(value), words) if words else _EXPLAINED.get(key, f"Change `{key}`.")
    complain(at, f"`{key}`: {text[0].lower()}{text[1:]}.", fix)


def _kind_of(value: Plain) -> str:
    return {list: "a list", type(None): "nothing"}.get(type(value), f"`{value}`")


_WORDS: dict[str, tuple[str, ...]] = {
    "lifecycle": tuple(Lifecycle),
    "severity": tuple(Severity),
    "confidence": tuple(Confidence),
    "needs": tuple(Need),
    "each": tuple(Kind),
    "expect": tuple(Expect),
}


def rule_schema() -> dict[str, Any]:
    """JSON Schema of a rule file."""
    return msgspec.json.schema(RuleFile)
