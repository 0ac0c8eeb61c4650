"""Messages with `{field}` placeholders, filled from the records a finding stands for.

Not a template language: no expressions, no nesting, and values are never read as templates again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.judge.field import BY_NAME
from auditor.judge.field import COUNT
from auditor.judge.wording import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.judge.detection import Fields
    from auditor.judge.field import Scalar

SHOWN = 3
"""Different values a message lists before it counts the rest."""
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
    return ", ".join(_shown(value) for value in values[:SHOWN]) + more


def _distinct(name: str, records: Sequence[Fields]) -> list[Scalar]:
    found: dict[Scalar, None] = {}
    for record in records:
        value = record.get(name, ())
        found.update(dict.fromkeys(value if isinstance(value, tuple) else (value,)))
    return list(found)


def _total(name: str, records: Sequence[Fields]) -> int:
    values = (record.get(name, 0) for record in records)
    return sum(int(one) for value in values for one in (value if isinstance(value, tuple) else (value,)))


def _shown(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else printable(str(value))
