"""Loading rule folders: every file of every folder, all problems at once.

Not a plug-in system: folders add rules, none replaces another's, and a folder that is named must hold some.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.judge.problem import Mark
from auditor.judge.problem import Problem
from auditor.judge.problem import usage_error
from auditor.judge.remedy import FILE_NAME
from auditor.judge.remedy import Remedy
from auditor.judge.remedy import load_remedies
from auditor.judge.rule import Rule
from auditor.judge.rule import load_rule
from auditor.judge.source import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

MAX_FILES = 2000
"""Rule files of one folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Rules that were loaded together."""

    rules: tuple[Rule, ...]
    """By id."""
    remedies: tuple[Remedy, ...]
    digest: str
    """sha256 over names and contents of all files, hex."""

    def rule(self, wanted: str) -> Rule | None:
        """The rule with an id, in any case; None when there is none."""
        return next((rule for rule in self.rules if rule.id == wanted.upper()), None)


def default_rules_folder() -> Path:
    """The bundled rules: `rules/` of a checkout, `auditor/data/rules` of an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    bundled = package / "data" / "rules"
    return bundled if bundled.is_dir() else package.parent / "rules"


def load_rules(folders: Sequence[Path]) -> RuleSet:
    """Load every rule file below the folders, and each folder's `remedies.yaml`.

    Raises:
        UsageError: anything is wrong in any file, or a folder holds no rules; it lists all problems
            as `file:line:column: text fix`.
    """
    rules: list[Rule] = []
    remedies: list[Remedy] = []
    problems: list[Problem] = []
    digest = hashlib.sha256()
    for folder in folders:
        for path, data in _files(folder, problems):
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
            if name == FILE_NAME:
                loaded, found = load_remedies(str(path), data)
                remedies += loaded
            else:
                rule, found = load_rule(str(path), path.name, data)
                rules += [rule] if rule else []
            problems += found
    problems += _duplicates(rules)
    if problems:
        raise usage_error(problems)
    ordered = tuple(sorted(rules, key=lambda rule: rule.id))
    return RuleSet(rules=ordered, remedies=tuple(remedies), digest=digest.hexdigest())


def _files(folder: Path, problems: list[Problem]) -> Iterator[tuple[Path, bytes]]:
    """Rule files below a folder with at most one byte more than allowed, in a stable order."""
    paths = sorted(
        path for pattern in ("*.yaml", "*.yml") for path in folder.rglob(pattern) if path.is_file()
    )
    if not any(path.name != FILE_NAME for path in paths):
        problems.append(
            _problem(folder, "The folder holds no rules.", "Name a folder with ID-name.yaml files.")
        )
    if len(paths) > MAX_FILES:
        problems.append(
            _problem(folder, f"The folder holds more than {MAX_FILES} files.", "Name a smaller one.")
        )
        return
    for path in paths:
        if path.suffix == ".yml":
            problems.append(_problem(path, "The file ends in .yml.", "Let it end in .yaml."))
            continue
        try:
            with path.open("rb") as file:
                yield path, file.read(MAX_BYTES + 1)
        except OSError as error:
            problems.append(
                _problem(path, f"The file cannot be read: {error.strerror}.", "Check its permissions.")
            )


def _problem(path: Path, text: str, fix: str) -> Problem:
    return Problem(path=str(path), mark=Mark(), text=text, fix=fix)


def _duplicates(rules: Sequence[Rule]) -> Iterator[Problem]:
    counts = Counter(rule.id for rule in rules)
    for rule in rules:
        if counts[rule.id] > 1:
            others = ", ".join(other.path for other in rules if other.id == rule.id and other is not rule)
            yield _problem(Path(rule.path), f"The id {rule.id} is used twice.", f"It is also in {others}.")
