"""What the documents tell a reader to type does what they say, demo included."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs" / "how-to").glob("*.md"))]
SHORTER = "--idle 0.5 --settle 1 --no-reference"
LEAKS = ("leaky_argv", "open_listener")


def examples() -> list[str]:
    """Every audit in an indented block, once; those that need hands, and placeholders, left out."""
    found: dict[str, None] = {}
    for path in DOCUMENTS:
        text = path.read_text().replace("\\\n", "")
        for line in re.findall(r"^ {4}((?:[A-Z_]+=\S+ )?audit run .+)$", text, re.MULTILINE):
            if "--driver manual" not in line:
                found[re.sub(r" {2,}", " ", line)] = None
    return list(found)


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    (tmp_path / "state").mkdir()
    return {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def shell(tmp_path, environment):
    """A function: run a line in a folder that looks like a checkout; its end."""
    for name in ("auditor", "fixtures"):
        (tmp_path / name).symlink_to(PROJECT / name)

    def run(line: str) -> subprocess.CompletedProcess[str]:
        line = re.sub(r"\.venv/bin/python|\bpython3\b", sys.executable, line)
        line = line.replace("audit run", f"{sys.executable} -m auditor run", 1)
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if "The box cannot be built" in done.stderr:
            pytest.skip(done.stderr.splitlines()[-1])
        return done

    return run


@pytest.mark.box
@pytest.mark.parametrize("line", examples())
def test_an_example_ends_as_its_page_says(shell, line):
    expected = int(any(name in line for name in LEAKS) and "=cloud-inference" not in line)
    done = shell(line.replace(" -- ", f" {SHORTER} -- ", 1))
    assert done.returncode == expected, done.stdout + done.stderr


def test_the_readme_names_each_exit_code(readme):
    said = re.findall(r"# .*(pass|fail), exit (\d)$", readme, re.MULTILINE)
    assert said == [("pass", "0"), ("pass", "0"), ("fail", "1"), ("fail", "1")]


@pytest.mark.box
def test_the_demo_finds_what_its_program_does(environment, tmp_path):
    sample = tmp_path / "sample"
    done = subprocess.run(
        [sys.executable, PROJECT / "fixtures/apps/demo.py", sample],
        env=environment, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    if "The box cannot be built" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in sample.iterdir()) == ["report.html", "result.json"]
    report = Path(re.search(r"file://(\S+)", done.stdout)[1])
    assert report.read_bytes() == (sample / "report.html").read_bytes()
