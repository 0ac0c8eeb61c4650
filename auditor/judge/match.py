"""`field|modifier: values` as a test of one value, with the modifiers of Sigma's detection grammar.

Not the boolean condition around such tests: that is `auditor.judge.condition`. Text is compared
without regard to case, as Sigma does, except by `re`.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from auditor.judge.field import Field
from auditor.judge.field import FieldType
from auditor.judge.field import Scalar
from auditor.judge.field import Value
from auditor.judge.field import type_fault
from auditor.judge.pattern import compile_pattern
from auditor.judge.problem import did_you_mean
from auditor.judge.source import Plain

Test: TypeAlias = Callable[[Value | None], bool]
"""Of a record's value, None when the record has none."""
_One: TypeAlias = Callable[[Scalar], bool]

_TEXTUAL = frozenset({FieldType.TEXT, FieldType.ADDRESS})
_NUMERIC = frozenset({FieldType.NUMBER})
_ANY = frozenset(FieldType)


class MatchError(ValueError):
    """A test that makes no sense, with a fix."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.text = text
        self.fix = fix


def _equals(field: Field, wanted: Scalar) -> _One:
    if field.values and wanted not in field.values:
        raise MatchError(f"`{field.name}` is never `{wanted}`.", did_you_mean(str(wanted), field.values))
    if not isinstance(wanted, str):
        return lambda value: value == wanted
    if "*" in wanted:
        raise MatchError(
            f"`{wanted}` holds `*`, which is not a wildcard here.", "Use |contains, |startswith or |endswith."
        )
    folded = wanted.casefold()
    return lambda value: str(value).casefold() == folded


def _textual(compare: Callable[[str, str], bool]) -> Callable[[Field, Scalar], _One]:
    def build(_field: Field, wanted: Scalar) -> _One:
        if wanted == "":
            raise MatchError("An empty text matches everything.", "Use |exists: true instead.")
        folded = str(wanted).casefold()
        return lambda value: compare(str(value).casefold(), folded)

    return build


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[Field, Scalar], _One]:
    def build(_field: Field, wanted: Scalar) -> _One:
        limit = float(wanted)
        return lambda value: compare(float(value), limit)

    return build


def _pattern(_field: Field, wanted: Scalar) -> _One:
    try:
        search = compile_pattern(str(wanted))
    except ValueError as error:
        raise MatchError(f"The pattern `{wanted}` is refused: {error}.", "Simplify it.") from error
    return lambda value: search(str(value))


def _network(_field: Field, wanted: Scalar) -> _One:
    try:
        network = ipaddress.ip_network(str(wanted))
    except ValueError as error:
        raise MatchError(
            f"`{wanted}` is no network: {error}.", 'Write it like 10.0.0.0/8 or "fd00::/8".'
        ) from error

    def inside(value: Scalar) -> bool:
        try:
            return ipaddress.ip_address(str(value)) in network
        except ValueError:  # a hostile or empty address lies in no network
            return False

    return inside


@dataclass(frozen=True, slots=True)
class _Operator:
    types: frozenset[FieldType]
    """Fields it makes sense for."""
    build: Callable[[Field, Scalar], _One]


_OPERATORS: dict[str, _Operator] = {
    "equals": _Operator(_ANY, _equals),
    "in": _Operator(_ANY, _equals),
    "contains": _Operator(_TEXTUAL, _textual(operator.contains)),
    "startswith": _Operator(_TEXTUAL, _textual(str.startswith)),
    "endswith": _Operator(_TEXTUAL, _textual(str.endswith)),
    "re": _Operator(_TEXTUAL, _pattern),
    "cidr": _Operator(frozenset({FieldType.ADDRESS}), _network),
    "gt": _Operator(_NUMERIC, _ordered(operator.gt)),
    "gte": _Operator(_NUMERIC, _ordered(operator.ge)),
    "lt": _Operator(_NUMERIC, _ordered(operator.lt)),
    "lte": _Operator(_NUMERIC, _ordered(operator.le)),
}
MODIFIERS = (*(name for name in _OPERATORS if name != "equals"), "exists", "all")


def compile_test(field: Field, modifiers: tuple[str, ...], wanted: Plain) -> Test:
    """The test for one line of a selection.

    A list of wanted values matches when one of them does, with `all` when each does. A field with
    several values matches when one of them does.

    Raises:
        MatchError: unknown or contradictory modifiers, or values of the wrong type.
    """
    name, every = _operator_name(modifiers)
    if name == "exists":
        return _exists(wanted)
    if wanted is None:
        return _absent(name)
    if isinstance(wanted, dict) or wanted == []:
        raise MatchError(f"`{field.name}` expects a value or a list of values.", "Write `field: value`.")
    if name == "in" and not isinstance(wanted, list):
        raise MatchError("`in` expects a list.", "Write [a, b].")
    used = _OPERATORS[name]
    if field.type not in used.types:
        raise MatchError(
            f"`{name}` does not fit `{field.name}`, which holds a {field.type}.", "Use another modifier."
        )
    items = wanted if isinstance(wanted, list) else [wanted]
    tests = [used.build(field, _scalar(field, item)) for item in items]
    return _quantified(tests, all if every else any)


def _operator_name(modifiers: tuple[str, ...]) -> tuple[str, bool]:
    for modifier in modifiers:
        if modifier not in MODIFIERS:
            raise MatchError(f"Unknown modifier `{modifier}`.", did_you_mean(modifier, MODIFIERS))
    operators = [modifier for modifier in modifiers if modifier != "all"]
    if len(operators) > 1 or len(modifiers) - len(operators) > 1:
        raise MatchError(
            f"`{'|'.join(modifiers)}` asks for more than one comparison.", "Keep one, and at most `all`."
        )
    return (operators[0] if operators else "equals"), len(modifiers) > len(operators)


def _scalar(field: Field, item: Plain) -> Scalar:
    fault = type_fault(field, item)
    if fault or item is None or isinstance(item, list | dict):
        raise MatchError(
            f"`{field.name}` {fault or 'expects one value'}, not {_shown(item)}.", "Change the value."
        )
    return item


def _shown(item: Plain) -> str:
    return {True: "`true`", False: "`false`"}[item] if isinstance(item, bool) else f"`{item}`"


def _exists(wanted: Plain) -> Test:
    if not isinstance(wanted, bool):
        raise MatchError("`exists` expects true or false.", "Write `field|exists: true`.")
    return lambda value: (value is not None) is wanted


def _absent(name: str) -> Test:
    if name != "equals":
        raise MatchError(f"`{name}` cannot compare with nothing.", "Give a value, or use |exists: false.")
    return lambda value: value is None


def _quantified(tests: list[_One], over: Callable[[list[bool]], bool]) -> Test:
    def holds(value: Value | None) -> bool:
        if value is None:
            return False
        values = value if isinstance(value, tuple) else (value,)
        return over([any(test(one) for one in values) for test in tests])

    return holds
