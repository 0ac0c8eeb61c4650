"""The second round's program: stand-alone, started in the box like the app, with its trust and its look-ups.

Not the first round, which starts no program: see `auditor.sandbox.errand`. Prints one report a line.
"""

from __future__ import annotations

import functools
import json
import socket
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.record.controls.clients import Client
    from auditor.record.controls.openers import Opener
    from auditor.record.controls.reports import Task
    from auditor.record.controls.reports import Tell

PORTS = {"http": 80, "https": 443, "h2": 443, "websocket": 443}
"""Of the channels whose server is looked up."""
_TIMEOUT_S = 5.0


def main(text: str) -> None:
    """Use every channel of a task in JSON, each to its end."""
    # By hand, for the interpreter was started without any path but its own library's.
    sys.path.append(str(Path(__file__).resolve().parents[3]))
    from auditor.record.controls import clients  # noqa: PLC0415 - see above
    from auditor.record.controls import openers as by_channel  # noqa: PLC0415
    from auditor.record.controls import reports  # noqa: PLC0415
    from auditor.record.controls import sending  # noqa: PLC0415

    def tell(
        channel: str, outcome: str, detail: str = "", sock: socket.socket | None = None, *, keep: bool = True
    ) -> None:
        del keep
        line = reports.report(channel, outcome, detail, reports.ends_of(sock, task))
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()

    task: Task = json.loads(text)
    trust = ssl.create_default_context()
    openers: dict[str, Opener] = dict(by_channel.OPENERS)
    for channel, client in clients.CLIENTS.items():
        openers[channel] = functools.partial(_converse, openers[channel], channel, client, trust)
    sending.use(task, tell, openers)


def _converse(
    opener: Opener, channel: str, client: Client, trust: ssl.SSLContext, task: Task, token: str, tell: Tell
) -> str:
    """Open, talk, close; a server that has a name is looked up first."""
    host = task["hosts"][channel]
    if channel in PORTS:
        made: object = socket.create_connection((host, PORTS[channel]), timeout=_TIMEOUT_S)
    else:
        made = opener(task, token, tell)
    if isinstance(made, socket.socket):
        with made:
            client(made, host, token, trust)
    return ""


if __name__ == "__main__":
    main(sys.argv[1])
