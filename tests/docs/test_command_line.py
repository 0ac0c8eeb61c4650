"""docs/command-line.md says what the program is, in both directions."""

from __future__ import annotations

import dataclasses
import re

import click
import pytest

from auditor.cli.main import audit
from auditor.cli.options import DRIVERS
from auditor.cli.options import FORMATS
from auditor.errors import ExitCode
from auditor.evidence.store import RAW_FILES
from auditor.report.document import Result

OPTION = re.compile(r"--[a-z][a-z-]*")


def commands(group: click.Group, prefix: str = "audit") -> dict[str, click.Command]:
    """Every command that does something, by how it is typed."""
    found = {}
    for name, command in group.commands.items():
        typed = f"{prefix} {name}"
        found |= commands(command, typed) if isinstance(command, click.Group) else {typed: command}
    return found


ALL = commands(audit)


def options(*names: str) -> set[str]:
    return {
        opt
        for name in names
        for parameter in ALL[name].params
        if isinstance(parameter, click.Option)
        for opt in parameter.opts
    }


def named(table: list[list[str]]) -> list[str]:
    """The options in the first column."""
    return [OPTION.search(row[0])[0] for row in table]


def test_every_command_is_listed_and_no_other(command_line):
    listed = re.findall(r"^\| `(audit [a-z ]+[a-z])", command_line, re.MULTILINE)
    assert sorted(re.sub(r" result$", "", name) for name in listed) == sorted(ALL)


def test_options_of_a_recording(command_line, rows):
    listed = named(rows(command_line, "## Options of run and record"))
    assert (
        sorted(listed)
        == sorted(options("audit record") - options("audit judge"))
        == sorted(options("audit run") - options("audit judge"))
    )


def test_options_of_a_judgement(command_line, rows):
    listed = named(rows(command_line, "## Options of run, judge and report"))
    assert sorted(listed) == sorted(options("audit judge")) == sorted(options("audit report"))


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_option_is_mentioned_and_has_help(command_line, name):
    assert options(name) <= set(OPTION.findall(command_line))
    assert ALL[name].get_short_help_str()


def test_no_option_is_mentioned_that_is_not_there(command_line):
    known = set().union(*(options(name) for name in ALL)) | {"--help", "--version"}
    assert set(OPTION.findall(command_line)) <= known


def test_defaults_are_the_programs(command_line, rows):
    by_option = {opt: parameter for parameter in ALL["audit run"].params for opt in parameter.opts}
    for heading in ("## Options of run and record", "## Options of run, judge and report"):
        for cell, default, _ in rows(command_line, heading):
            actual = by_option[OPTION.search(cell)[0]].default
            if isinstance(actual, float):
                assert float(default) == actual
            elif isinstance(actual, str) and actual:
                assert default == f"`{actual}`"


def test_drivers_and_formats(command_line, rows):
    assert sorted(row[0].strip("`") for row in rows(command_line, "## Drivers")) == sorted(DRIVERS)
    assert all(f"`{name}`" in command_line for name in FORMATS)


def test_exit_codes(command_line, readme, rows):
    listed = {name.strip("`"): code for code, name, _ in rows(command_line, "## Exit codes")}
    listed["SIGNAL_BASE"] = listed["SIGNAL_BASE"].removesuffix("+n")
    assert {name: int(code) for name, code in listed.items()} == dict(ExitCode.__members__)
    codes = [row[0] for row in rows(readme, "## Three verdicts")]
    assert codes == [row[0] for row in rows(command_line, "## Exit codes")]


def test_files_of_a_run_directory(command_line, rows):
    listed = [
        name for row in rows(command_line, "## Run directory") for name in re.findall(r"`([^`]+)`", row[0])
    ]
    assert sorted(listed) == sorted(
        [
            *RAW_FILES,
            "bodies/",
            "files/",
            "pairs/",
            "run.json",
            "result.json",
            "report.html",
        ]
    )


def test_keys_of_the_result(command_line, rows):
    listed = [row[0].strip("`") for row in rows(command_line, "## result.json")]
    assert listed == [field.name for field in dataclasses.fields(Result)]
