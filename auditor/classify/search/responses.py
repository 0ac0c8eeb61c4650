"""The app's answers as marks that were planted after the fact: passages of theirs that stand nowhere else.

Not the mark that answers of stand-in cloud models carry: that one is planted like others.

An answer counts only when it is proven to be one (the marker of its prompt or what the user expects is in it,
or the user vouches): an error message that comes instead of an answer belongs in a crash report. What a
program prints between its answers is not the model's: lines of a log, and addresses. A passage
that more than one answer shows, or that a prompt holds, tells nothing and is left out. What is left is at
least `PASSAGE` characters of text that came to be in this run.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.observation import AnswerReceived
from auditor.model.observation import PromptSent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from auditor.classify.ledger import Ledger

PASSAGE = 40
"""Characters of a passage: a copy of 79 from anywhere in a line of an answer holds a whole one."""
MOST = 64
"""Passages of one answer."""
HASHED = 16
"""Characters of an answer without a passage of its own, whose digest is looked for all the same."""
VARIED = 10
"""Different characters that a passage must have: a line of dashes is nobody's."""
_CLEFT = "\n"
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://\S+", re.IGNORECASE)
_LOGGED = re.compile(
    r"(?m)^.*(?:\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"
    r"|\b\w+Warning:|^\W{0,2}(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d).*$"
)
"""A line with a level in capitals, a warning of Python's, or one that begins with the time of day."""


def spoken(ledger: Ledger, role: str) -> tuple[Canary, ...]:
    """One mark for each proven answer of a launch that has a passage of its own."""
    prompts = [what for _, what in ledger.all(PromptSent) if what.role == role]
    answers = [what for _, what in ledger.all(AnswerReceived) if what.role == role and not what.error]
    found = {what.index: tuple(passages(what.text, [one.text for one in prompts])) for what in answers}
    shown = Counter(passage for each in found.values() for passage in set(each))
    said = Counter(what.text.strip() for what in answers)
    hashed = {text for text, times in said.items() if times == 1 and len(text) >= HASHED}
    own = {index: [passage for passage in each if shown[passage] == 1] for index, each in found.items()}
    return tuple(
        Canary(
            id=f"response-{what.index}",
            kind=CanaryKind.RESPONSE,
            value=_CLEFT.join(own[what.index]),
            planted_in=f"the answer to prompt {what.index}",
            context=what.text,
        )
        for what in answers
        if (own[what.index] or what.text.strip() in hashed)
        and (what.contains_marker or what.contains_expected or what.vouched)
    )


def passages(answer: str, prompts: Iterable[str]) -> Iterator[str]:
    """Stretches of an answer outside of the prompts, each on one line, the first `MOST`."""
    left = _ADDRESS.sub(_CLEFT, _LOGGED.sub(_CLEFT, answer))
    for prompt in prompts:
        pattern = r"\s+".join(map(re.escape, prompt.split()))
        left = re.sub(pattern, _CLEFT, left, flags=re.IGNORECASE) if pattern else left
    lines = (line.strip() for line in left.splitlines())
    cut = (line[at : at + PASSAGE] for line in lines for at in _starts(line))
    distinct = dict.fromkeys(passage for passage in cut if len(set(passage.casefold())) >= VARIED)
    yield from list(distinct)[:MOST]


def _starts(line: str) -> range:
    return range(0, len(line) - PASSAGE + 1, PASSAGE)
