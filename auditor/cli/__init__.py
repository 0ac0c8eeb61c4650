"""The command line: options in, calls out, one exit code.

Click lives here and nowhere else. No work is done here: each command calls one function below.
"""

from __future__ import annotations

from auditor.cli.main import run_command_line

__all__ = ["run_command_line"]
