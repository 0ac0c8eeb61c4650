"""Sigma's condition language: `sel and not (1 of filter_* or all of them)`.

Not the selections it combines: they are known here by name only.

    expression := term ("or" term)*        term := factor ("and" factor)*
    factor     := "not" factor | "(" expression ")" | NAME | quantity "of" (NAME with "*" | "them")
    quantity   := "1" | "any" | "all"
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

LENGTH = 1000
"""Characters of a condition."""
DEPTH = 40
"""Brackets and negations inside one another."""

_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z0-9_*]+)|(?P<bracket>[()]))")
_KEYWORDS = frozenset({"and", "or", "not", "of", "them"})


@dataclass(frozen=True, slots=True)
class Name:
    """One selection."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not."""

    part: Condition

    def __str__(self) -> str:
        return f"not {self.part}"


@dataclass(frozen=True, slots=True)
class Both:
    """Holds when every part holds."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return f"({' and '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Either:
    """Holds when a part holds."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self.parts))})"


Condition: TypeAlias = Name | Not | Both | Either


def evaluate(condition: Condition, holds: Callable[[str], bool]) -> bool:
    """Decide a condition, asking for no more selections than needed."""
    if isinstance(condition, Name):
        return holds(condition.name)
    if isinstance(condition, Not):
        return not evaluate(condition.part, holds)
    results = (evaluate(part, holds) for part in condition.parts)
    return all(results) if isinstance(condition, Both) else any(results)


def names_in(condition: Condition) -> frozenset[str]:
    """Selections that a condition uses."""
    if isinstance(condition, Name):
        return frozenset({condition.name})
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return frozenset().union(*map(names_in, parts))


def parse(text: str, selections: Sequence[str]) -> Condition:
    """Parse a condition over the named selections.

    >>> str(parse("a and not 1 of f_*", ["a", "f_x", "f_y"]))
    '(a and not (f_x or f_y))'

    Raises:
        ValueError: not a condition, too long or too deep, or a selection that does not exist.
    """
    if len(text) > LENGTH:
        raise ValueError(f"it is longer than {LENGTH} characters")
    parser = _Parser(_tokens(text), selections)
    condition = parser.expression(0)
    if parser.here:
        raise ValueError(f"`{parser.here}` is not expected")
    return condition


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    end = 0
    while text[end:].strip():
        token = _TOKEN.match(text, end)
        if token is None:
            raise ValueError(f"`{text[end:].strip()[0]}` does not belong in a condition")
        tokens.append(token["word"] or token["bracket"])
        end = token.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, tokens: list[str], selections: Sequence[str]) -> None:
        self._tokens = tokens
        self._next = 0
        self._selections = selections

    @property
    def here(self) -> str:
        """The token in hand, empty at the end."""
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self.here
        self._next += 1
        return token

    def _accept(self, word: str) -> bool:
        if self.here.lower() != word:
            return False
        self._next += 1
        return True

    def expression(self, depth: int) -> Condition:
        """Alternatives."""
        parts = [self._term(depth)]
        while self._accept("or"):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _term(self, depth: int) -> Condition:
        parts = [self._factor(depth)]
        while self._accept("and"):
            parts.append(self._factor(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _factor(self, depth: int) -> Condition:
        if depth > DEPTH:
            raise ValueError(f"it is nested deeper than {DEPTH} levels")
        if self._accept("not"):
            return Not(self._factor(depth + 1))
        if self._accept("("):
            inside = self.expression(depth + 1)
            if not self._accept(")"):
                raise ValueError("a bracket is not closed")
            return inside
        return self._selection(self._take())

    def _selection(self, word: str) -> Condition:
        if word.lower() in {"1", "any", "all"} and self._accept("of"):
            parts = tuple(Name(name) for name in self._matching(self._take()))
            return parts[0] if len(parts) == 1 else Both(parts) if word.lower() == "all" else Either(parts)
        if not word or word == ")" or word.lower() in _KEYWORDS:
            raise ValueError(f"a selection is expected {f'instead of `{word}`' if word else 'at the end'}")
        if word not in self._selections:
            raise ValueError(f"there is no selection `{word}`")
        return Name(word)

    def _matching(self, pattern: str) -> list[str]:
        wanted = "*" if pattern.lower() == "them" else pattern
        found = [name for name in self._selections if fnmatch.fnmatchcase(name, wanted)]
        if not found:
            raise ValueError(f"no selection is called `{pattern}`" if pattern else "`of` lacks a name")
        return found
