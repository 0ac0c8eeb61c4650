"""The command group, and what happens to an error on its way out.

Not the commands themselves: one module for each is beside this one.
"""

from __future__ import annotations

import os
import signal
import sys

import click

from auditor import __version__
from auditor import interrupts
from auditor.cli import commands
from auditor.errors import AuditError
from auditor.errors import ExitCode
from auditor.errors import Interrupted

_HELP = """Does a local AI stack keep what you give it on your machine? Find out, with evidence.

\b
  audit run -- python chat.py            start it in the box, watch, judge, report
  audit run -- ollama-like-server        a server: prompts are sent to it over its own API
  audit run --driver argv -- llm {prompt}  a command: the prompt goes where {prompt} stands
  audit judge RUN                        judge an old recording again
  audit doctor                           what this machine allows, and how to fix it

\b
Exit codes: 0 pass, 1 a finding at or above --fail-on, 2 wrong usage, 3 inconclusive, 70 a bug,
128+n ended by signal n.
"""


@click.group(
    name="audit",
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="audit", message="%(prog)s %(version)s")
def audit() -> None:
    """Hold the commands; its help is `_HELP`."""


for _command in commands.ALL:
    audit.add_command(_command)


def run_command_line(arguments: list[str] | None = None) -> int:
    """Run one command; every way out ends here.

    Returns:
        The exit status, as documented in `ExitCode`.
    """
    try:
        interrupts.release()
        return int(audit.main(args=arguments, prog_name="audit", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _say("Interrupted.", ExitCode.SIGNAL_BASE + signal.SIGINT)
    except (Interrupted, AuditError) as error:
        return _say(str(error), error.exit_code)
    except (BrokenPipeError, SystemExit):  # click makes the second of the first
        return _reader_gone()
    except Exception:  # noqa: BLE001 - the last line of defence: no traceback on the screen
        return _bug()


def _reader_gone() -> int:
    """The reader of our output went away (`audit ... | head`): not worth a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.SIGNAL_BASE + signal.SIGPIPE


def _say(text: str, code: int) -> int:
    click.echo(f"audit: {text}", err=True)
    return int(code)


def _bug() -> int:
    import tempfile  # noqa: PLC0415 - so rarely that no start should wait for it
    import traceback  # noqa: PLC0415

    with tempfile.NamedTemporaryFile("w", prefix="audit-bug-", suffix=".txt", delete=False) as file:
        file.write(f"audit {__version__}\n{sys.version}\n{sys.argv!r}\n\n{traceback.format_exc()}")
    return _say(
        f"This is a bug in audit: {sys.exc_info()[1]}. Please report it with the file {file.name}.",
        ExitCode.BUG,
    )
