"""Links lead somewhere, nothing names a developer's machine, and what is shown is what the program says."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from auditor.report.console import render_console
from auditor.report.document import Result

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = [PROJECT / "README.md", PROJECT / "reports/README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:auditor|tests|rules|fixtures|docs|reports)/[\w./-]+)`")
MACHINE = re.compile(r"/(?:root|work|tmp/[a-z]|home/(?!demo/)[a-z]\w+/|Users/\w+)")


def prose(path: Path) -> str:
    """A document without its fenced blocks, which may hold anything."""
    return FENCE.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """Ids that the headings of a page get (github-slugger)."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(path):
    for target in LINK.findall(prose(path)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_files_that_are_named_are_there(path):
    for name in PATH.findall(prose(path)):
        assert (PROJECT / name).exists(), name


def test_every_document_can_be_reached_from_the_readme():
    seen, waiting = set(), [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = (target.partition("#")[0] for target in LINK.findall(prose(page)) if "://" not in target)
        waiting += [(page.parent / target).resolve() for target in targets if target]
    written = {path for path in DOCUMENTS if path.parent.name not in ("rules", "adr")}
    assert written <= seen, written - seen


@pytest.mark.parametrize(
    "path",
    [*DOCUMENTS, PROJECT / "Makefile", PROJECT / "reports/report.html", PROJECT / "reports/result.json"],
    ids=lambda path: str(path.relative_to(PROJECT)),
)
def test_no_path_of_a_developers_machine(path):
    found = MACHINE.search(path.read_text())
    assert found is None, found[0]


def test_the_tests_that_the_documents_name_are_there():
    names = {
        name
        for path in (PROJECT / "docs/coverage.md", PROJECT / "docs/threat-model.md")
        for name in re.findall(r"`(test_\w+(?:\.py)?)`", path.read_text())
    }
    files = list((PROJECT / "tests").rglob("test_*.py"))
    there = {file.name for file in files}
    for file in files:
        there |= set(re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE))
    assert len(names) > 10
    assert names <= there, names - there


def test_the_commands_to_set_up_are_in_the_makefile(readme):
    targets = re.findall(r"^ {4}make ([\w-]+)", readme, re.MULTILINE)
    assert targets == ["demo", "test"]
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=PROJECT, check=True, capture_output=True)


def test_the_picture_in_the_readme_is_the_sample(readme):
    result = msgspec.json.decode((PROJECT / "reports/result.json").read_bytes(), type=Result)
    stream = io.StringIO()
    render_console(result, stream, report=f"~/.local/state/auditor/runs/{result.run.id}/report.html")
    shown = FENCE.search(readme)[0].splitlines()[1:-1]
    said = stream.getvalue().splitlines()
    for line in shown:
        assert line.strip() == "..." or line in said, line


def test_the_sample_holds_nothing_of_the_machine_it_was_made_on():
    result = json.loads((PROJECT / "reports/result.json").read_text())
    assert result["run"]["home"] == "/home/demo"
    assert result["verdict"]["outcome"] == "fail"
    assert not result["coverage"]["gaps"]
