"""Messages with `{field}` placeholders, filled from the records a finding stands for.

Not a template language: no expressions, no nesting, and values are never read as templates again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.judge.field import BY_NAME
from auditor.judge.field import COUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.judge.detection import Fields
    from auditor.judge.field import Scalar

SHOWN = 3
"""Different values a message lists before it counts the rest."""
LENGTH = 200
"""Characters of one value."""
LOOKED_AT = 500
"""Records whose values are looked at."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(template: str) -> tuple[str, ...]:
    """Names between braces, in order.

    >>> placeholders("{process.name} asked for {dns.question.name}")
    ('process.name', 'dns.question.name')

    Raises:
        ValueError: a brace stands alone.
    """
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        raise ValueError("a brace has no partner")
    return tuple(_PLACEHOLDER.findall(template))


def fill(template: str, records: Sequence[Fields]) -> str:
    """The message for a finding that stands for `records`, of which there is at least one."""
    return _PLACEHOLDER.sub(lambda found: _text(found[1], records), template)


def _text(name: str, records: Sequence[Fields]) -> str:
    if name == COUNT:
        return str(len(records))
    values = _distinct(name, records[:LOOKED_AT])
    if BY_NAME[name].adds_up:
        return str(_total(name, records))
    if not values:
        return BY_NAME[name].absent
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(_printable(value) for value in values[:SHOWN]) + more


def _distinct(name: str, records: Sequence[Fields]) -> list[Scalar]:
    found: dict[Scalar, None] = {}
    for record in records:
        value = record.get(name, ())
        found.update(dict.fromkeys(value if isinstance(value, tuple) else (value,)))
    return list(found)


def _total(name: str, records: Sequence[Fields]) -> int:
    values = (record.get(name, 0) for record in records)
    return sum(int(one) for value in values for one in (value if isinstance(value, tuple) else (value,)))


def _printable(value: Scalar) -> str:
    """Text of a value that the app may have chosen: one line, no control or bidi characters."""
    text = str(value) if not isinstance(value, bool) else str(value).lower()
    shown = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: LENGTH + 1]
    )
    return shown if len(shown) <= LENGTH else f"{shown[: LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"
