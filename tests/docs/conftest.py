"""The documents as text, and a reader of their tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def readme() -> str:
    return (PROJECT / "README.md").read_text()


@pytest.fixture(scope="session")
def command_line() -> str:
    return (PROJECT / "docs" / "command-line.md").read_text()


@pytest.fixture(scope="session")
def rows():
    """A function: cells of every table row below a heading, without the tables' heads and rules."""

    def read(text: str, heading: str) -> list[list[str]]:
        section = text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
        assert section, f"there is no section {heading!r}"
        cells = [
            [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in section.splitlines()
            if line.startswith("|")
        ]
        rules = [number for number, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
        return [row for number, row in enumerate(cells) if number not in rules and number + 1 not in rules]

    return read
