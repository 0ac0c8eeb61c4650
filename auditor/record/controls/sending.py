"""What the control does inside the box, one channel after the other.

Stand-alone: imports the standard library and its neighbours `openers` and `reports`, since it also runs in a
program of its own there. Not the conversations that need an answer: those are `clients`.
"""

from __future__ import annotations

import os
import socket

from auditor.record.controls.openers import FILE
from auditor.record.controls.openers import OPENERS
from auditor.record.controls.openers import Impossible
from auditor.record.controls.openers import Opener
from auditor.record.controls.openers import file_name
from auditor.record.controls.reports import DONE
from auditor.record.controls.reports import FAILED
from auditor.record.controls.reports import IMPOSSIBLE
from auditor.record.controls.reports import SENT
from auditor.record.controls.reports import Task
from auditor.record.controls.reports import Tell
from auditor.record.controls.reports import ends_of
from auditor.record.controls.reports import report


def errand(line: socket.socket, task: Task) -> None:
    """Use every channel of `task`, hand the sockets over, and take back what can be taken back.

    What is open is handed over because the answers come later: the proxy does not stand yet, and nothing of
    ours shall be in the box beside the app.
    """

    def tell(
        channel: str, outcome: str, detail: str = "", sock: socket.socket | None = None, *, keep: bool = True
    ) -> None:
        data = report(channel, outcome, detail, ends_of(sock, task))
        socket.send_fds(line, [data], [sock.fileno()] if sock and keep else [])

    use(task, tell, OPENERS)
    line.send(DONE)
    line.recv(1)  # until what is on the disk has been looked at
    if FILE in task["tokens"]:
        _remove(task["folders"], task["tokens"][FILE])


def _remove(folders: list[str], token: str) -> None:
    for folder in folders:
        try:
            os.unlink(file_name(folder, token))  # noqa: PTH108 - pathlib is not imported here
        except OSError:
            continue
        return


def use(task: Task, tell: Tell, openers: dict[str, Opener]) -> None:
    """Use one channel after the other; one that fails keeps none from being tried."""
    for channel, token in task["tokens"].items():
        try:
            made = openers[channel](task, token, tell)
        except Impossible as error:
            tell(channel, IMPOSSIBLE, str(error))
        except (OSError, ValueError, KeyError) as error:
            tell(channel, FAILED, f"{type(error).__name__}: {error}")
        else:
            if isinstance(made, socket.socket):
                tell(channel, SENT, "", made)
                made.close()
            elif made is not None:
                tell(channel, SENT, made)
    _await_children()


def _await_children() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return
