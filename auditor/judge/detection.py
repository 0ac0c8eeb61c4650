"""The `detect:` part of a rule: named selections and the condition over them.

Not the rule around it. A selection is a map (every line must match) or a list of maps (one must).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import TypeAlias

from auditor.judge import condition
from auditor.judge.field import BY_NAME
from auditor.judge.field import Kind
from auditor.judge.field import Value
from auditor.judge.field import names_for
from auditor.judge.match import MatchError
from auditor.judge.match import Test
from auditor.judge.match import compile_test
from auditor.judge.problem import did_you_mean

if TYPE_CHECKING:
    from auditor.judge.source import Plain
    from auditor.judge.source import Where

Fields: TypeAlias = Mapping[str, Value]
"""A record as rules see it: field name to value; a field without a value is not in it."""
Selection: TypeAlias = Callable[[Fields], bool]
Complain: TypeAlias = Callable[["Where", str, str], None]
"""Takes where, what is wrong, and the fix."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A compiled `detect:` part."""

    selections: Mapping[str, Selection]
    condition: condition.Condition

    def holds(self, fields: Fields) -> bool:
        """True when a record matches."""
        return condition.evaluate(self.condition, lambda name: self.selections[name](fields))


def compile_detection(
    source: Mapping[str, Plain], kind: Kind, at: Where, complain: Complain
) -> Detection | None:
    """Compile selections and condition; None when something was wrong, which was then complained of."""
    parts = {name: part for name, part in source.items() if name != "condition"}
    selections = {name: compile_selection(part, kind, (*at, name), complain) for name, part in parts.items()}
    expression = source.get("condition")
    if not isinstance(expression, str):
        complain(at, "`detect` lacks its `condition`.", "Add `condition: selection`.")
        return None
    try:
        parsed = condition.parse(expression, list(parts))
    except ValueError as error:
        complain((*at, "condition"), f"The condition is not understood: {error}.", "See docs/rules.md.")
        return None
    for name in sorted(set(parts) - condition.names_in(parsed)):
        complain((*at, name), f"The selection `{name}` is not used by the condition.", "Use or remove it.")
    built = {name: selection for name, selection in selections.items() if selection is not None}
    return Detection(built, parsed) if len(built) == len(parts) else None


def compile_selection(source: Plain, kind: Kind, at: Where, complain: Complain) -> Selection | None:
    """Compile one selection; None when something was wrong with it."""
    if isinstance(source, dict) and source:
        return _lines(source, kind, at, complain)
    if isinstance(source, list) and source and all(isinstance(item, dict) and item for item in source):
        maps = [
            _lines(item, kind, (*at, n), complain) for n, item in enumerate(source) if isinstance(item, dict)
        ]
        alternatives = [one for one in maps if one is not None]
        return (
            (lambda fields: any(one(fields) for one in alternatives))
            if len(alternatives) == len(maps)
            else None
        )
    complain(at, "A selection is a map of fields, or a list of such maps.", "Write `field: value` below it.")
    return None


def _lines(source: Mapping[str, Plain], kind: Kind, at: Where, complain: Complain) -> Selection | None:
    tests = [_line(key, wanted, kind, (*at, key), complain) for key, wanted in source.items()]
    built = [test for test in tests if test is not None]
    if len(built) < len(tests):
        return None
    return lambda fields: all(test(fields.get(name)) for name, test in built)


def _line(key: str, wanted: Plain, kind: Kind, at: Where, complain: Complain) -> tuple[str, Test] | None:
    name, *modifiers = key.split("|")
    if not field_known(name, kind, at, complain):
        return None
    try:
        return name, compile_test(BY_NAME[name], tuple(modifiers), wanted)
    except MatchError as error:
        complain(at, error.text, error.fix)
        return None


def field_known(name: str, kind: Kind, at: Where, complain: Complain) -> bool:
    """Whether records of this kind carry the field; complains when not."""
    if name not in BY_NAME:
        complain(at, f"Unknown field `{name}`.", _nearest(name, kind))
        return False
    if kind not in BY_NAME[name].kinds:
        kinds = ", ".join(sorted(BY_NAME[name].kinds))
        complain(at, f"A {kind} has no field `{name}`.", f"It belongs to: {kinds}.")
        return False
    return True


def _nearest(name: str, kind: Kind) -> str:
    fix = did_you_mean(name, names_for(kind))
    return fix if fix.startswith("Did") else "docs/rules/fields.md lists them all."
