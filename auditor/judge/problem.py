"""What is wrong with a rule file, said with file, line, column and a fix.

Not an exception: a loader collects every problem of every file before it gives up.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A position in a text file."""

    line: int = 1
    """From 1."""
    column: int = 1
    """From 1."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake and what to do about it.

    >>> print(Problem(path="a.yaml", mark=Mark(3, 1), text="Unknown key `whay`.", fix="Write `why`."))
    a.yaml:3:1: Unknown key `whay`. Write `why`.
    """

    path: str
    mark: Mark
    text: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}:{self.mark.line}:{self.mark.column}: {self.text} {self.fix}"


def usage_error(problems: Sequence[Problem]) -> UsageError:
    """All problems as the one error that the command line prints."""
    count = "One problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = "\n".join(f"  {problem}" for problem in sorted(problems))
    return UsageError(
        f"{count} in the rules:\n{lines}\n", fix="Correct the files, then try `audit rules check`."
    )


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A fix for a misspelt word.

    >>> did_you_mean("hihg", ["low", "high"])
    'Did you mean `high`?'
    >>> did_you_mean("x", ["low", "high"])
    'Use one of: low, high.'
    """
    names = list(known)
    close = difflib.get_close_matches(wrong, names, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Use one of: {', '.join(names)}."
