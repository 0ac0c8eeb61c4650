"""The commands, one function each: parse, call, print, return the exit code.

Heavy packages are imported inside the functions: the app under audit must not wait for the report's
template engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from auditor.cli.options import assurance_option
from auditor.cli.options import judge_options
from auditor.cli.options import outputs_from
from auditor.cli.options import record_options
from auditor.cli.options import settings_from

if TYPE_CHECKING:
    from auditor.cli.pairing import Wish

_RUN_ARGUMENT = click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path))


def _paired_wish(given: dict[str, Any], driver: str) -> Wish | None:
    """What `--paired` asks for; None without it."""
    if not given["paired"]:
        return None
    from auditor.cli.pairing import wish_from  # noqa: PLC0415

    return wish_from(given["paired"], given["paired_error"], driver)


@click.command(name="run")
@record_options
@judge_options
def run(**given: Any) -> int:  # noqa: ANN401 - click hands over every option by name
    """Record COMMAND in the box, judge what it did, and report."""
    from auditor.cli import stages  # noqa: PLC0415

    settings = settings_from(given)
    outputs = outputs_from(given["formats"])
    stages.check_rules(given["rule_folders"])
    wish = _paired_wish(given, settings.driver)
    directory, ended = stages.record_all(settings, wish)
    status = stages.judge(directory, given["fail_on"], given["rule_folders"], outputs, given["min_assurance"])
    return ended or status


@click.command(name="record")
@record_options
@assurance_option
def record(**given: Any) -> int:  # noqa: ANN401
    """Record COMMAND in the box; judge later with `audit judge`."""
    from auditor.cli import stages  # noqa: PLC0415

    settings = settings_from(given)
    wish = _paired_wish(given, settings.driver)
    directory, ended = stages.record_all(settings, wish)
    click.echo(directory.root)
    return ended or stages.check_assurance(directory, given["min_assurance"])


@click.command(name="judge")
@_RUN_ARGUMENT
@judge_options
def judge(run_directory: Path, **given: Any) -> int:  # noqa: ANN401
    """Judge a recorded RUN again, perhaps with other rules, and report."""
    from auditor.cli import stages  # noqa: PLC0415

    outputs = outputs_from(given["formats"])
    directory = stages.open_run(run_directory)
    return stages.judge(directory, given["fail_on"], given["rule_folders"], outputs, given["min_assurance"])


@click.command(name="report")
@_RUN_ARGUMENT
@judge_options
def report(run_directory: Path, **given: Any) -> int:  # noqa: ANN401
    """Write the report of a RUN again; the exit code is the verdict's."""
    from auditor.cli import stages  # noqa: PLC0415

    outputs = outputs_from(given["formats"])
    directory = stages.open_run(run_directory)
    return stages.judge(directory, given["fail_on"], given["rule_folders"], outputs, given["min_assurance"])


@click.command(name="doctor")
@click.option("--apparmor-profile", is_flag=True, help="Print an AppArmor profile for this Python instead.")
def doctor(*, apparmor_profile: bool) -> int:
    """Try everything the box needs on this machine; print the fix for the first gap."""
    from auditor.cli import stages  # noqa: PLC0415

    return stages.print_apparmor_profile() if apparmor_profile else stages.doctor()


@click.group(name="rules")
def rules() -> None:
    """List, show and check rules."""


@rules.command(name="list")
@click.option("--rules", "rule_folders", multiple=True, type=click.Path(path_type=Path, exists=True))
def rules_list(rule_folders: tuple[Path, ...]) -> int:
    """Print every rule: id, severity, title."""
    from auditor.cli import ruling  # noqa: PLC0415

    return ruling.print_list(rule_folders)


@rules.command(name="show")
@click.argument("rule_id", metavar="ID")
@click.option("--rules", "rule_folders", multiple=True, type=click.Path(path_type=Path, exists=True))
def rules_show(rule_id: str, rule_folders: tuple[Path, ...]) -> int:
    """Print one rule: why it matters, what it looks for, what to do."""
    from auditor.cli import ruling  # noqa: PLC0415

    return ruling.print_rule(rule_id, rule_folders)


@rules.command(name="check")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def rules_check(folder: Path | None) -> int:
    """Check rule files and run the tests written inside them."""
    from auditor.cli import ruling  # noqa: PLC0415

    return ruling.check(folder)


@click.command(name="explain")
@click.argument("rule_id", metavar="ID")
def explain(rule_id: str) -> int:
    """Explain a finding's rule: the same as `audit rules show ID`."""
    from auditor.cli import ruling  # noqa: PLC0415

    return ruling.print_rule(rule_id, ())


@click.command(name="schema")
@click.argument("document", type=click.Choice(["result"]))
def schema(document: str) -> int:
    """Print the JSON Schema of result.json."""
    from auditor.cli import ruling  # noqa: PLC0415

    return ruling.print_schema(document)


ALL: tuple[click.Command, ...] = (run, record, judge, report, doctor, rules, explain, schema)
"""Every top-level command, in the order of the help."""
