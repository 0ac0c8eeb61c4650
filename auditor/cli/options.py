"""The options that `run` and `record` share, and turning them into `Settings`.

Not what the options do: that is `auditor.record`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from auditor.drivers import DRIVERS
from auditor.drivers.prompts import DOCUMENT_FILE
from auditor.drivers.prompts import IN_COMMAND
from auditor.errors import UsageError
from auditor.model.run import Assurance
from auditor.model.run import Declared
from auditor.model.run import Mode
from auditor.model.severity import Severity
from auditor.record.settings import Settings
from auditor.record.settings import check_command
from auditor.record.settings import new_run_id
from auditor.record.settings import runs_folder

_Command = Callable[..., Any]

FORMATS = ("console", "html", "json")
_MODES = (Mode.SINKHOLE.value, Mode.OFFLINE.value)
DEFAULT_ERROR_RATE = 0.001
"""That of `auditor.model.schedule`, which is loaded for paired runs alone."""
API_KEY = "AUDIT_API_KEY"
"""Environment variable for a key that must not stand in the list of processes."""


class _Seconds(click.FloatRange):
    """A duration; FloatRange lets `nan` through, which is neither below nor above anything."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """As click's own."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


_RECORD_OPTIONS = (
    click.option("--paired", default="", metavar="N|auto",
                 help="Record the app up to N more times, with prompts drawn at random, and test whether "
                 "what leaves depends on them; auto: only when something could not be read."),
    click.option("--paired-error", type=click.FloatRange(1e-6, 0.05), default=DEFAULT_ERROR_RATE,
                 show_default=True, metavar="RATE",
                 help="How often, at most, such a test may accuse an app wrongly."),
    click.option("--mode", type=click.Choice(_MODES), default="sinkhole", show_default=True,
                 help="What the box believes is the internet: everything answers, or a pulled cable."),
    click.option("--allow", metavar="HOST[=PURPOSE]", multiple=True,
                 help="A contact you know of and accept; repeatable. `*.example.org` covers a domain."),
    click.option("--driver", type=click.Choice(DRIVERS), default="auto", show_default=True,
                 help="How the app is given its prompts."),
    click.option("--publish", metavar="PORT[:HOSTPORT]", multiple=True,
                 help="Reach a port of the app from this machine's loopback (for --driver manual)."),
    click.option("--url", default="", metavar="URL",
                 help="Where the app's own server listens inside the box; found by watching if not given."),
    click.option("--prompt", "prompts", multiple=True, metavar="TEXT",
                 help="Your own prompt instead of the built-in ones; {canary} in it is replaced."),
    click.option("--document", is_flag=True,
                 help="Give it a document of 400 words as well, of which any part is recognised."),
    click.option("--expect", default="", metavar="TEXT",
                 help="Text in the answer that proves that the prompt was run."),
    click.option("--accept-unproven-answer", is_flag=True,
                 help="Take any answer as proof that the prompt was run."),
    click.option("--idle", type=_Seconds(0, 86400), default=10.0, show_default=True, metavar="S",
                 help="How long to watch the app before anything is typed."),
    click.option("--settle", type=_Seconds(0, 86400), default=15.0, show_default=True, metavar="S",
                 help="How long to watch it after the last step, while it still runs."),
    click.option("--ready", type=_Seconds(0.1, 86400), default=60.0, show_default=True, metavar="S",
                 help="How long the app may take until it can be prompted; large models load slowly."),
    click.option("--answer", type=_Seconds(0.1, 86400), default=180.0, show_default=True, metavar="S",
                 help="How long the app may take for one answer."),
    click.option("--api-key", default="", metavar="KEY", envvar=API_KEY, show_envvar=True,
                 help="Key that the app's own API asks for; it is not written down."),
    click.option("--timeout", type=_Seconds(1, 604800), default=600.0, show_default=True,
                 metavar="S", help="Bound on the whole recording."),
    click.option("--out", type=click.Path(path_type=Path), default=None, metavar="DIR",
                 help="Run directory, new or empty; default: a new one under the state directory."),
    click.option("--writable", type=click.Path(path_type=Path, exists=True, file_okay=False), multiple=True,
                 metavar="DIR", help="One more tree the app may write; what it writes is recorded."),
    click.option("--probe-tls", is_flag=True,
                 help="Show the app one certificate that it must refuse, for each host that it returns to."),
    click.option("--no-gpu", is_flag=True, help="Do not show GPU devices to the app."),
    click.option("--no-honey", is_flag=True, help="Lay no honey files and set no honey variables."),
    click.option("--no-reference", is_flag=True, help="Leave out the llama.cpp reference run."),
    click.option("--reference-model", type=click.Path(path_type=Path, exists=True, dir_okay=False),
                 default=None, metavar="GGUF", help="Model for the reference run."),
)  # fmt: skip

_MIN_ASSURANCE = click.option(
    "--min-assurance", type=click.Choice([item.value for item in Assurance]), default="reduced",
    show_default=True, help="Exit with 3 when the box did not stand as completely as this.",
)  # fmt: skip
_JUDGE_OPTIONS = (
    _MIN_ASSURANCE,
    click.option("--fail-on", type=click.Choice([item.value for item in Severity]), default="high",
                 show_default=True, help="Exit with 1 on a finding of this severity or above."),
    click.option("--rules", "rule_folders", multiple=True, metavar="DIR",
                 type=click.Path(path_type=Path, exists=True, file_okay=False),
                 help="More rules, beside the built-in ones; repeatable."),
    click.option("--format", "formats", multiple=True, metavar="NAME[=FILE]",
                 help=f"Output: {', '.join(FORMATS)}; repeatable. Default: console."),
)  # fmt: skip


def record_options(command: _Command) -> _Command:
    """Add the options of a recording, and the command after `--`."""
    for option in reversed(_RECORD_OPTIONS):
        command = option(command)
    return click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)(command)


def assurance_option(command: _Command) -> _Command:
    """Add the option that says how complete the box must have been; it is among those of judging, too."""
    return _MIN_ASSURANCE(command)


def judge_options(command: _Command) -> _Command:
    """Add the options of judging and reporting."""
    for option in reversed(_JUDGE_OPTIONS):
        command = option(command)
    return command


def settings_from(given: dict[str, Any]) -> Settings:
    """Check the options against each other and against the machine.

    Raises:
        UsageError: with the fix.
    """
    os.environ.pop(API_KEY, None)  # the app inherits the environment, and must not tell by a name of ours
    command = tuple(given["command"])
    check_command(command)
    check_driver(given["driver"], command)
    if given["url"]:
        from auditor.drivers.discovery import parse_url  # noqa: PLC0415 - as in `declared`

        parse_url(given["url"])
    return Settings(
        command=command,
        mode=Mode(given["mode"]),
        driver=given["driver"],
        declared=tuple(declared(text) for text in given["allow"]),
        publish=tuple(published(text) for text in given["publish"]),
        url=given["url"],
        prompts=tuple(given["prompts"]),
        document=given["document"],
        expect=given["expect"],
        accept_unproven_answer=given["accept_unproven_answer"],
        idle_s=given["idle"],
        settle_s=given["settle"],
        paired=given["paired"],
        paired_error=given["paired_error"],
        probe_tls=given["probe_tls"],
        ready_s=given["ready"],
        answer_s=given["answer"],
        api_key=given["api_key"],
        timeout_s=given["timeout"],
        out=(given["out"] or runs_folder() / new_run_id(command)).absolute(),
        writable=tuple(given["writable"]),
        gpu=not given["no_gpu"],
        honey=not given["no_honey"],
        reference=not given["no_reference"],
        reference_model=given["reference_model"],
    )


def check_driver(driver: str, command: tuple[str, ...]) -> None:
    """See that the command suits the driver."""
    placed = any(place in word for word in command for place in IN_COMMAND)
    if driver == "argv" and not placed and not any(DOCUMENT_FILE in word for word in command):
        raise UsageError(
            "The driver argv needs {prompt}, {prompt_file} or {document_file} in the command.",
            fix="Write it where the prompt belongs: `audit run -- app --ask {prompt}`.",
        )
    if placed and driver not in ("argv", "auto"):
        raise UsageError(
            f"{{prompt}} in the command goes with the driver argv, not with {driver}.",
            fix="Leave --driver away, or take {prompt} out of the command.",
        )


def declared(text: str) -> Declared:
    """Parse `HOST[=PURPOSE]`."""
    from auditor.model.flow import Purpose  # noqa: PLC0415 - only those who declare something wait for it

    host, _, purpose = text.partition("=")
    if not host or "/" in host or host in ("*", "*.") or (purpose and purpose not in list(Purpose)):
        raise UsageError(
            f"--allow {text!r} is not HOST or HOST=PURPOSE.",
            fix=f"Example: --allow updates.example.org=update-check. Purposes: {', '.join(Purpose)}.",
        )
    if host.startswith("*.") and host.count(".") < 2:
        raise UsageError(f"--allow {text!r} would cover a whole top-level domain.", fix="Name a domain.")
    return Declared(host=host.lower().rstrip("."), purpose=purpose)


def published(text: str) -> tuple[int, int]:
    """Parse `PORT[:HOSTPORT]`."""
    port, _, host_port = text.partition(":")
    try:
        pair = int(port), int(host_port or port)
    except ValueError:
        pair = 0, 0
    if not all(0 < number < 65536 for number in pair):
        raise UsageError(f"--publish {text!r} is not PORT or PORT:HOSTPORT.", fix="Example: --publish 7860.")
    return pair


def outputs_from(texts: tuple[str, ...]) -> tuple[tuple[str, Path | None], ...]:
    """Parse `NAME[=FILE]` of `--format`; the default is the console."""
    outputs = []
    for text in texts or ("console",):
        name, _, file = text.partition("=")
        if name not in FORMATS:
            raise UsageError(f"--format {name!r} is unknown.", fix=f"Choose from: {', '.join(FORMATS)}.")
        outputs.append((name, Path(file) if file else None))
    if sum(file is None for _, file in outputs) > 1:
        raise UsageError("Only one --format can go to standard output.", fix="Write --format NAME=FILE.")
    return tuple(outputs)
