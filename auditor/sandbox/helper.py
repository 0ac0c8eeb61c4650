"""The process that owns the box: builds it, then hands out sockets that only it can make, then cleans up.

It outlives a killed supervisor for a moment, so that nothing is left behind. It runs no foreign code.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import NoReturn

from auditor.kernel import syscalls
from auditor.sandbox import init
from auditor.sandbox import limits
from auditor.sandbox import network
from auditor.sandbox.channel import Channel
from auditor.sandbox.channel import ChannelClosed
from auditor.sandbox.errand import Errand
from auditor.sandbox.launch import HandOver
from auditor.sandbox.plan import SCRATCH_FOLDERS
from auditor.sandbox.plan import BoxPlan

_UNBOUND = "The number of the box's processes is watched, but not bounded by the kernel ({})."


def run(
    plan: BoxPlan, channel: Channel, init_channel: Channel, hand_over: HandOver, errand: Errand
) -> NoReturn:
    """Build the box and serve it until the supervisor is gone; never returns."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()  # out of reach of the terminal's Ctrl-C
    helper = _Helper(plan, channel)
    try:
        helper.build(init_channel, hand_over, errand)
        helper.serve()
    except ChannelClosed:
        pass
    except OSError as error:
        helper.report(error)
    finally:
        helper.clean_up()
        os._exit(0)


class _Helper:
    """State of the helper process."""

    def __init__(self, plan: BoxPlan, channel: Channel) -> None:
        self._plan = plan
        self._channel = channel
        self._step = "start"
        self._init = 0
        self._cage: limits.Cage | None = None
        self._network: network.Network | None = None
        self._requests: dict[str, Callable[[dict[str, Any]], socket.socket]] = {
            "reply": self._reply,
            "connect": self._connect,
        }

    def build(self, init_channel: Channel, hand_over: HandOver, errand: Errand) -> None:
        self._enter("scratch")
        # Made by the process that removes it, so that no moment is left in which nobody would.
        for folder in ("", *SCRATCH_FOLDERS):
            (self._plan.scratch / folder).mkdir(mode=0o700)
        self._enter("user-namespace")
        if self._plan.user_namespace:
            _own_user_namespace(self._plan.uid, self._plan.gid)
        self._network = network.build(self._plan.network, self._enter)
        self._enter("pid-namespace")
        syscalls.unshare(syscalls.CLONE_NEWPID)
        self._init = os.fork()
        if self._init == 0:
            self._channel.close()
            # Descriptors of the gateway's namespace must not exist where the app is started from.
            for made in self._network.sockets.values():
                made.close()
            os.close(self._network.gateway)
            os.close(self._network.app)
            init.run(self._plan, init_channel, hand_over, errand)
        init_channel.close()
        sockets = self._network.sockets
        message = {"ready": list(sockets), "init": self._init, **self._cage_init()}
        self._channel.send(message, tuple(made.fileno() for made in sockets.values()))
        for made in sockets.values():
            made.close()

    def _cage_init(self) -> dict[str, Any]:
        """Bound the number of the box's tasks where resource limits cannot: for root."""
        if self._plan.user_namespace:
            return {} if limits.counts_by_namespace() else {"notes": [_UNBOUND.format("before Linux 5.14")]}
        try:
            self._cage = limits.Cage.make(self._plan.scratch.name.lstrip("."), limits.own_parent_group())
            self._cage.take_in(self._init)
        except OSError as error:
            return {"notes": [_UNBOUND.format(error.strerror or error)]}
        return {"cage": str(self._cage.folder)}

    def serve(self) -> None:
        while True:
            message, _ = self._channel.receive()
            self._channel.answering = message["id"]
            try:
                with self._requests[message["op"]](message) as made:
                    self._channel.send({}, (made.fileno(),))
            except OSError as error:
                self._channel.send({"error": error.errno or 0, "text": str(error)})

    def report(self, error: OSError) -> None:
        with contextlib.suppress(ChannelClosed):
            self._channel.send({"error": error.errno or 0, "text": str(error), "step": self._step})

    def clean_up(self) -> None:
        if self._init:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._init, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._init, 0)  # returns when the last process of the box is gone
        if self._cage is not None:
            self._cage.remove()
        remove_tree(self._plan.scratch)

    def _enter(self, step: str) -> None:
        self._step = step
        self._channel.send({"step": step})

    def _reply(self, message: dict[str, Any]) -> socket.socket:
        network_ = self._standing()
        syscalls.setns(network_.gateway)
        local, peer = message["local"], message["peer"]
        return network.reply_socket(message["family"], (local[0], local[1]), (peer[0], peer[1]))

    def _connect(self, message: dict[str, Any]) -> socket.socket:
        syscalls.setns(self._standing().app)
        return network.connect(message["host"], message["port"], message["timeout"])

    def _standing(self) -> network.Network:
        if self._network is None:
            raise OSError("the box has no network yet")
        return self._network


def _own_user_namespace(uid: int, gid: int) -> None:
    """Become the owner of a user namespace in which we keep our ids (user_namespaces(7))."""
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


_PASSES = (0.0, 0.0, 0.1, 0.5)
"""Seconds before each pass: the second removes what could be unlocked, the others what a program of ours that
was not killed with the supervisor wrote meanwhile."""


def remove_tree(folder: Path) -> None:
    """Remove a directory whatever modes the app, or an overlay's work directory, left in it.

    Where it lies belongs to others and keeps its mode, also when the directory cannot be removed.
    """
    for pause in _PASSES:
        time.sleep(pause)
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.isdir(folder):
            return
        _unlock(folder)


def _unlock(folder: Path) -> None:
    """Make every directory below one that of its owner again, from the top down."""
    for place, names, _ in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                with contextlib.suppress(OSError):
                    os.chmod(path, 0o700)
