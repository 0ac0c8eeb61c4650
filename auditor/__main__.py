"""Entry point: `audit` and `python -m auditor`.

Not the commands: those are in `auditor.cli`.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from auditor.cli import run_command_line  # noqa: PLC0415 - `python -m` must not need it to import the package

    sys.exit(run_command_line())


if __name__ == "__main__":
    main()
