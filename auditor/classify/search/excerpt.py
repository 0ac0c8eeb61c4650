"""A short, redacted piece of text around a match, fit for a report.

Not the match itself: the searcher finds it.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from auditor.parse.text import printable

AROUND = 60
"""Signs shown on either side of the match."""

CONTEXT = 400
"""Bytes on either side that secrets are looked for in, so that none is shown because it was cut in two."""

LONGEST_MATCH = 80
"""A longer match is shown by its beginning and end."""

OPEN, CLOSE = "[[", "]]"
_DOUBLED = re.compile(r"([\[\]])\1+")

_NAMED_SECRET = re.compile(
    r"(?i)\b(bearer|basic|token|authorization|cookie|(?:api|access|secret|private)[_-]?key|password|passwd|secret)"
    r"([\"'\s:=]{1,6}(?:(?:bearer|basic|token)\s+)?)([^\s\"',;&}]{6,})"
)
_KEY_SHAPED = re.compile(r"\b(?:sk|pk|phc|phx|ghp|gho|hf|xox[a-z]|AKIA|AIza|eyJ)[\w.-]{12,}")
_TOKEN = re.compile(r"[\w+/=-]{20,}")
_RANDOM_BITS = 3.8
"""Entropy of one sign, in bits, from which a long token is taken for a secret: words stay below."""


def excerpt(data: bytes, start: int, end: int) -> str:
    """About 120 signs around a match, which stands between `[[` and `]]`; other secrets are masked."""
    before = _shown(data[max(start - CONTEXT, 0) : start])[-AROUND:]
    after = _shown(data[end : end + CONTEXT])[:AROUND]
    match = _bare(printable(data[start:end]))
    if len(match) > LONGEST_MATCH:
        match = f"{match[: LONGEST_MATCH // 2]} ... {match[-LONGEST_MATCH // 2 :]}"
    return f"{_apart(before)}{OPEN}{_apart(match)}{CLOSE}{_apart(after)}".strip()


def _shown(data: bytes) -> str:
    return redact(_bare(printable(data)))


def _bare(text: str) -> str:
    """Without the signs that mark a match, so that nothing the app sent can fake or hide one."""
    return _DOUBLED.sub(r"\1", text)


def _apart(text: str) -> str:
    """A single bracket at the edge of a piece would join those of the mark."""
    before = " " if text.startswith(("[", "]")) else ""
    return f"{before}{text} " if text.endswith(("[", "]")) else f"{before}{text}"


def redact(text: str) -> str:
    """Mask keys, passwords and other tokens that look like secrets.

    >>> redact("Authorization: Bearer abcdefghij")
    'Authorization: Bearer <redacted>'
    """
    text = _NAMED_SECRET.sub(r"\1\2<redacted>", text)
    text = _KEY_SHAPED.sub("<redacted>", text)
    return _TOKEN.sub(lambda found: "<redacted>" if _looks_random(found[0]) else found[0], text)


def _looks_random(token: str) -> bool:
    counts = Counter(token)
    size = len(token)
    return -sum(n / size * math.log2(n / size) for n in counts.values()) >= _RANDOM_BITS
