"""Switches of known products: which host, path or user agent belongs to what, and how to turn it off.

Not the general advice, which each rule gives. Switches are quoted from the products' own source or
documentation; that a switch works is not claimed, a second run shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.judge.detection import Fields
from auditor.judge.detection import Selection
from auditor.judge.detection import compile_selection
from auditor.judge.field import Kind
from auditor.judge.rule import FileProblems
from auditor.judge.rule import read_document
from auditor.judge.rulefile import RemedyFile
from auditor.judge.rulefile import shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.judge.problem import Problem
    from auditor.judge.source import Where

FILE_NAME = "remedies.yaml"
LOOKED_AT = 200
"""Records of a finding for which switches are looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How to turn one contact of one product off."""

    product: str
    remedy: str
    match: Selection
    unless: Selection

    def fits(self, fields: Fields) -> bool:
        """Whether a record is this product's contact."""
        return self.match(fields) and not self.unless(fields)


def load_remedies(path: str, data: bytes) -> tuple[list[Remedy], list[Problem]]:
    """Compile a remedies file: a list of entries."""
    document, problems = read_document(path, data)
    entries = document.value
    if not isinstance(entries, list):
        if not problems.found:
            problems.complain((), "Expected a list of remedies.", "Begin each with `- product:`.")
        return [], problems.found
    loaded = [_compile(shape(entry, RemedyFile, (n,), problems.complain), (n,), problems)
              for n, entry in enumerate(entries)]  # fmt: skip
    return [remedy for remedy in loaded if remedy is not None], problems.found


def _compile(file: RemedyFile | None, at: Where, problems: FileProblems) -> Remedy | None:
    if file is None:
        return None
    match = compile_selection(file.match, Kind.CONTACT, (*at, "match"), problems.complain)
    unless = _never if file.unless is None else compile_selection(
        file.unless, Kind.CONTACT, (*at, "unless"), problems.complain
    )  # fmt: skip
    if match is None or unless is None:
        return None
    return Remedy(product=file.product, remedy=" ".join(file.remedy.split()), match=match, unless=unless)


def _never(_fields: Fields) -> bool:
    return False


def advice(general: str, remedies: Iterable[Remedy], records: tuple[Fields, ...]) -> str:
    """What to do about a finding: the switches that fit its records, then the rule's general advice."""
    looked_at = records[:LOOKED_AT]
    switches = {
        f"{remedy.product}: {remedy.remedy}": None
        for remedy in remedies
        if any(remedy.fits(fields) for fields in looked_at)
    }
    return " ".join([*switches, general])
