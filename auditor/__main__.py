"""Entry point: `audit` and `python -m auditor`.

Not the commands: those are in `auditor.cli`.
"""

from __future__ import annotations

import sys

from auditor import interrupts


def main() -> None:
    """Run the command line and exit with its status."""
    interrupts.install(held=True)  # an import that is broken off shows a traceback
    from auditor.cli import run_command_line  # noqa: PLC0415 - see above

    sys.exit(run_command_line())


if __name__ == "__main__":
    main()
