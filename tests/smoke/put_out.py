"""Runs `audit` with one of its eyes put out: `put_out.py KIND -- ARGUMENT...`; `KINDS` has the list.

Each takes something real away: a process is killed, a socket closed, a function broken, a filter left out.
What is recorded and judged afterwards is what the tool itself makes of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from auditor.__main__ import main
from auditor.capture.packets import PacketCapture
from auditor.capture.touches import News
from auditor.internet.internet import Internet
from auditor.internet.nameserver import NameServer
from auditor.kernel import seccomp
from auditor.record.controls import clients
from auditor.record.controls import rounds
from auditor.record.observers import Observers


def no_resolver_log():
    """Names are answered, and nobody writes down who asked for what."""
    NameServer._write = lambda *_: None


def no_listener():
    """No program is filtered: no system call is reported."""
    seccomp.install_and_hand_over = lambda *_: None


def no_proxy():
    """The proxy cannot be loaded."""
    Internet._load = _broken


async def _broken(_self):
    raise ImportError("on purpose")


def no_datagrams():
    """The gateway's UDP sockets are deaf: what arrives is dropped."""
    after(
        Observers,
        "_fork",
        lambda observers, _: [observers.box.sockets[name].close() for name in ("udp4", "udp6")],
    )


def no_packets():
    """The packet capture is killed as soon as it stands."""
    after(PacketCapture, "await_rings", lambda capture, _: os.kill(capture._worker.pid, signal.SIGKILL))


def no_touches():
    """Nobody notes who opens files."""
    News.note = lambda *_: False


def no_watcher():
    """The watcher is killed before anything runs in the box."""
    after(Observers, "build", lambda observers, _: _kill_watcher(observers))


def watcher_dies():
    """The watcher is killed when the app has started."""
    after(
        Observers,
        "open_internet",
        lambda observers, _: threading.Timer(0.5, _kill_watcher, [observers]).start(),
    )


def _kill_watcher(observers):
    os.kill(observers._watcher._worker.pid, signal.SIGKILL)


def no_h2_before():
    """The client of one channel fails in the first round."""
    clients.CLIENTS["h2"] = _refuse


def no_websocket_before():
    """The client of one channel sends nothing, and says that all is well."""
    clients.CLIENTS["websocket"] = lambda connection, *_: connection.close()


def _refuse(*_):
    raise ConnectionError("on purpose")


def no_first_round():
    """The box never takes the errand."""
    rounds.Before.begin = lambda _self: None


def no_second_round():
    """The second round's program cannot be started."""
    rounds.After._start_program = _refuse


def after(owner, name, act):
    """Do something as soon as a method has returned."""
    real = getattr(owner, name)

    def method(self, *arguments):
        made = real(self, *arguments)
        act(self, made)
        return made

    setattr(owner, name, method)


KINDS = {
    each.__name__: each
    for each in (
        no_resolver_log, no_listener, no_proxy, no_datagrams, no_packets, no_touches, no_watcher,
        watcher_dies, no_h2_before, no_websocket_before, no_first_round, no_second_round,
    )
}  # fmt: skip

if __name__ == "__main__":
    KINDS[sys.argv[1]]()
    sys.argv = ["audit", *sys.argv[3:]]
    sys.exit(main())
