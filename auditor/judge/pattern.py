"""Regular expressions that cannot run away, for rule files from strangers.

Not a regular-expression engine: Python's runs them. What is accepted here has a known worst case:
`LIMIT` ways to match from any one place of a text of at most `TEXT` characters.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH = 200
"""Characters of a pattern."""
TEXT = 2048
"""Characters of a value that a pattern is tried on; the rest is not looked at."""
LIMIT = 20_000
"""Product of what every quantifier and alternation may try."""

_TOKEN = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?.?)?)|(?P<close>\))"
    r"|(?P<or>\|)|(?P<repeat>[*+?]|\{[0-9]*,?[0-9]*\})|(?P<plain>.)",
    re.DOTALL,
)


@dataclass(slots=True)
class _Group:
    """What is open at one place of the pattern."""

    varies: bool = False
    """It holds a quantifier or an alternation, so repeating it multiplies the ways to match."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A test whether the pattern occurs in the first `TEXT` characters of a text.

    >>> compile_pattern("v[0-9]+/models")("https://x.example/v12/models")
    True

    Raises:
        ValueError: not a regular expression, too long, or able to take too long.
    """
    if len(pattern) > LENGTH:
        raise ValueError(f"the pattern is longer than {LENGTH} characters")
    check_cost(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a set that looks nested is a mistake, not a warning
            compiled = re.compile(pattern)
    except (re.error, Warning, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return lambda text: compiled.search(text[:TEXT]) is not None


def check_cost(pattern: str) -> int:
    """The bound on the ways to match from one place.

    Raises:
        ValueError: it is above `LIMIT`, quantifiers are nested, or a look-around or a back-reference is used.
    """
    cost = 1
    stack = [_Group()]
    last = _Group()
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup, token.group()
        if kind == "repeat":
            cost *= _repeat(text, last)
            stack[-1].varies = True
        elif kind == "or":
            stack[-1].varies = True
            cost *= 2
        elif kind == "open":
            _refuse_extension(text)
            stack.append(_Group())
        last = _close(stack) if kind == "close" else _Group()
        _refuse_reference(kind, text)
        if cost > LIMIT:
            raise ValueError("it could try too many ways to match: use fewer or smaller repetitions")
    return cost


def _repeat(text: str, repeated: _Group) -> int:
    most = {"*": TEXT, "+": TEXT, "?": 1}.get(text)
    if most is None:
        low, comma, high = text[1:-1].partition(",")
        most = int((high if comma else low) or TEXT)
    if repeated.varies and most > 1:
        raise ValueError("a repetition inside a repetition can take for ever: repeat a plain part")
    return most + 1


def _close(stack: list[_Group]) -> _Group:
    closed = stack.pop() if len(stack) > 1 else stack[0]
    stack[-1].varies = stack[-1].varies or closed.varies
    return closed


def _refuse_extension(text: str) -> None:
    if "?" in text and text != "(?:":
        raise ValueError("only plain groups and `(?:...)` are allowed")


def _refuse_reference(kind: str | None, text: str) -> None:
    if kind == "escape" and text[1].isdigit():
        raise ValueError("back-references are not allowed")
