"""What a waiting system call's pointers point at: socket addresses, programs, argument lists.

Not the answer to it. Everything read here may be changed by another thread before the kernel reads it
again, and everything is bounded, for the program on the other side may be hostile.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.capture import proc
from auditor.kernel import peek
from auditor.kernel.notify import Notification
from auditor.kernel.seccomp import Arch

MAX_PATH: Final = 4096
MAX_ADDRESS: Final = 128
"""sizeof(struct sockaddr_storage)."""
_AT_EMPTY_PATH = 0x1000
_EXECUTABLE_BITS = 0o111


@dataclass(frozen=True, slots=True)
class Address:
    """Where a socket call points."""

    family: str
    """`inet`, `inet6` or `unix`."""
    host: str
    port: int = 0
    path: bytes = b""
    """Of a unix socket with a name in the file system: the same as `host`, as it is."""


def address(pid: int, pointer: int, size: int) -> Address | None:
    """Read a socket address; None for families without one (AF_UNSPEC, AF_NETLINK) and for garbage.

    Raises:
        OSError: the pointer is bad, or the process is gone.
    """
    size &= 0xFFFFFFFF
    if not 2 <= size <= MAX_ADDRESS:
        return None
    raw = peek.read_memory(pid, pointer, size)
    family = int.from_bytes(raw[:2], "little")
    if family == socket.AF_INET and len(raw) >= 8:
        return Address("inet", socket.inet_ntop(family, raw[4:8]), int.from_bytes(raw[2:4], "big"))
    if family == socket.AF_INET6 and len(raw) >= 24:
        return Address("inet6", socket.inet_ntop(family, raw[8:24]), int.from_bytes(raw[2:4], "big"))
    if family == socket.AF_UNIX and len(raw) > 2:
        return _unix(pid, raw[2:])
    return None


def _unix(pid: int, name: bytes) -> Address:
    if name.startswith(b"\0"):
        return Address("unix", "@" + proc.text(name[1:]))
    path = name.partition(b"\0")[0]
    if not path.startswith(b"/"):
        path = os.readlink(b"/proc/%d/cwd" % pid) + b"/" + path
    return Address("unix", proc.text(path), path=path)


@dataclass(frozen=True, slots=True)
class Program:
    """A file that is about to be run."""

    path: str
    """Absolute, symbolic links resolved, as the process sees it."""
    script: bool
    """It begins with `#!`, so that the kernel will run another program on it."""
    privileged: str = ""
    """`set-user-ID` or `set-group-ID`: what it will not gain here."""


def program(call: Notification, name: str) -> Program | None:
    """The file that execve(2) or execveat(2) names; None when it cannot be run.

    Raises:
        OSError: the process is gone, or its pointer is bad.
    """
    if name == "execve":
        return _find(call.pid, peek.read_text(call.pid, call.arguments[0], MAX_PATH), b"cwd")
    directory, pointer, _, _, flags, _ = call.arguments
    path = peek.read_text(call.pid, pointer, MAX_PATH)
    base = _base(directory)
    if not path and flags & _AT_EMPTY_PATH:
        return Program(proc.text(os.readlink(b"/proc/%d/%b" % (call.pid, base))), script=False)
    return _find(call.pid, path, base)


def _base(descriptor: int) -> bytes:
    """Name below /proc/PID of the directory that a relative path begins at."""
    number = descriptor & 0xFFFFFFFF
    return b"cwd" if number & 0x80000000 else b"fd/%d" % number  # AT_FDCWD is -100


def path(call: Notification, argument: int, base: int = -1) -> bytes:
    """A path among the arguments, made absolute; links are not resolved. Empty stays empty.

    Args:
        call: The waiting call.
        argument: Which of its arguments points at the path.
        base: Which of them is the descriptor of the directory that it begins at; -1 for none.

    Raises:
        OSError: the process is gone, its pointer is bad, or it has no such descriptor.
    """
    named = peek.read_text(call.pid, call.arguments[argument], MAX_PATH)
    if named.startswith(b"/") or not named:
        return named
    start = b"cwd" if base < 0 else _base(call.arguments[base])
    return os.readlink(b"/proc/%d/%b" % (call.pid, start)) + b"/" + named


def _find(pid: int, path: bytes, base: bytes) -> Program | None:
    try:
        handle = peek.open_as_seen_by(pid, path, base)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not status.st_mode & _EXECUTABLE_BITS:
            return None
        link = f"/proc/self/fd/{handle}"
        name = proc.text(os.readlink(os.fsencode(link)))
        return Program(name, _is_script(link), _privilege(status.st_mode))
    finally:
        os.close(handle)


def _privilege(mode: int) -> str:
    if mode & stat.S_ISUID:
        return "set-user-ID"
    return "set-group-ID" if mode & stat.S_ISGID and mode & stat.S_IXGRP else ""


def _is_script(path: str) -> bool:
    try:
        return proc.read(path, 2) == b"#!"
    except OSError:  # may be run but not read
        return False


def argv(call: Notification, name: str) -> tuple[str, ...]:
    """The argument list of execve(2) or execveat(2), cut off at the bounds of `auditor.capture.proc`."""
    pointer = call.arguments[1 if name == "execve" else 2]
    room = proc.MAX_ARGV
    found: list[str] = []
    try:
        for each in _pointers(call, pointer):
            piece = peek.read_text(call.pid, each, min(proc.MAX_ARGUMENT, room))
            found.append(proc.text(piece))
            room -= len(piece)
            if room <= 0:
                break
    except OSError:
        pass  # a bad pointer: execve will fail with EFAULT; what was readable is still worth having
    return tuple(found)


def _pointers(call: Notification, pointer: int) -> Iterator[int]:
    size = 4 if call.arch == Arch.I386 else 8
    for index in range(proc.MAX_ARGUMENTS if pointer else 0):
        raw = peek.read_memory(call.pid, pointer + index * size, size)
        value = int.from_bytes(raw, "little")
        if not value or len(raw) < size:
            return
        yield value
