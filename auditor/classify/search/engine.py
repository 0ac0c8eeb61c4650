"""Finding thousands of byte strings in one pass, at the speed of memory, with Hyperscan.

Not decoding, and not what the strings stand for. Why this engine: `docs/adr/0008-search-engine.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import hyperscan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.classify.search.forms import Form


@dataclass(frozen=True, slots=True)
class Hit:
    """One form found."""

    form: Form
    start: int
    end: int


class Searcher:
    """All forms of all canaries, ready to be searched for."""

    def __init__(self, forms: Iterable[Form]) -> None:
        """Compile the patterns; forms with equal patterns are all reported."""
        same: dict[bytes, list[Form]] = {}
        for form in forms:
            same.setdefault(form.pattern, []).append(form)
        self._forms = list(same.values())
        self._database = _compiled(list(same)) if same else None

    def find(self, data: bytes) -> list[Hit]:
        """Every form in `data`, letter case of ASCII ignored, in order of their ends."""
        ends: list[tuple[int, int]] = []

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends.append((number, end))

        if self._database is not None and data:
            self._database.scan(data, match_event_handler=note)
        hits = (
            Hit(form, end - len(form.pattern), end) for number, end in ends for form in self._forms[number]
        )
        return [hit for hit in hits if not hit.form.whole_word or _stands_alone(data, hit)]


def _compiled(patterns: list[bytes]) -> hyperscan.Database:
    """A database of literals, each byte escaped: patterns hold NUL, which ends an unescaped one."""
    database = hyperscan.Database()
    database.compile(
        expressions=[b"".join(b"\\x%02x" % byte for byte in pattern) for pattern in patterns],
        ids=list(range(len(patterns))),
        flags=[hyperscan.HS_FLAG_CASELESS] * len(patterns),
    )
    return database


def _stands_alone(data: bytes, hit: Hit) -> bool:
    before, after = data[hit.start - 1 : hit.start] if hit.start else b"", data[hit.end : hit.end + 1]
    return not before.isalnum() and not after.isalnum()
