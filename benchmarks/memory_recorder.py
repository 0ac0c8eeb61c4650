"""Stand-alone: records a command with a stand-in service that sends 1 GiB.

Usage: `memory_recorder.py OUT COMMAND...`; `audit record` itself offers no such service.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Service
from auditor.record.recording import record
from auditor.record.settings import Settings

PIECE = bytes(1 << 20)


def _big() -> Iterator[bytes]:
    for _ in range(1024):
        yield PIECE


def main(out: str, *command: str) -> None:
    """Record until the command has ended."""
    settings = Settings(
        command=command,
        driver="manual",
        settle_s=0,
        reference=False,
        out=Path(out),
        accept_unproven_answer=True,
    )
    big = Service(name="big", hosts=("files.example.com",), path="/big", reply=lambda _: Reply(body=_big()))
    record(settings, services=(big,))


if __name__ == "__main__":
    main(*sys.argv[1:])
