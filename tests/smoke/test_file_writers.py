"""Every changed file is laid to the process that wrote it, whatever way it took to its place."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

pytestmark = pytest.mark.box

PYTHON = os.path.realpath(sys.executable)


def program(name: str) -> str:
    return os.path.realpath(shutil.which(name))


@pytest.fixture(scope="module")
def many(audit):
    return audit.app("saves_by_many.py", "{prompt}")


@pytest.fixture(scope="module")
def writers(many):
    folder = "/.cache/saves-by-many/"
    return {
        each["path"].partition(folder)[2]: each["process"]
        for each in many.result["files"]
        if folder in each["path"]
    }


@pytest.mark.parametrize(
    ("name", "executable", "attribution"),
    [
        ("forked.txt", PYTHON, "open"),
        ("renamed.txt", PYTHON, "rename"),
        ("moved.txt", PYTHON, "rename"),
        ("history.sqlite", PYTHON, "open"),
        ("elsewhere", PYTHON, "open"),
        ("shell.txt", program("sh"), "open"),
        ("copied.txt", program("cp"), "open"),
    ],
)
def test_the_writer_is_named(writers, name, executable, attribution):
    assert (writers[name]["executable"], writers[name]["attribution"]) == (executable, attribution)


def test_a_child_that_runs_the_same_program_is_told_apart(many, writers):
    parents = {each["pid"]: each["parent"] for each in many.result["processes"]}
    app = writers["renamed.txt"]["pid"]
    assert writers["forked.txt"]["pid"] != app
    assert str(parents[writers["forked.txt"]["pid"]]).startswith(str(app))
    assert writers["history.sqlite"]["pid"] == app


def test_the_finding_says_so(many):
    messages = {each["message"] for each in many.result["findings"] if each["rule"] == "SAV001"}
    assert "cp saved prompt 1 in ~/.cache/saves-by-many/copied.txt (plain text)" in messages
    assert not [each for each in messages if "unidentified" in each]


def test_our_own_control_was_laid_to_itself(many):
    controls = [each for each in many.result["coverage"]["controls"] if each["channel"] == "file"]
    assert [(each["round"], each["seen"], each["attributed"]) for each in controls] == [
        ("before", True, True), ("after", True, True),
    ]  # fmt: skip
