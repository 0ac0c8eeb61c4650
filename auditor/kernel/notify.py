"""The other end of the filter: receiving and answering seccomp notifications (seccomp_unotify(2)).

Not a policy: what a notification means is looked up in `auditor.kernel.seccomp.POLICY`.
"""

from __future__ import annotations

import errno
import fcntl
import struct
from dataclasses import dataclass

from auditor.kernel.seccomp import FAMILIES
from auditor.kernel.seccomp import POLICY
from auditor.kernel.seccomp import TYPE_MASK
from auditor.kernel.seccomp import WATCH
from auditor.kernel.seccomp import Arch
from auditor.kernel.seccomp import Call

# linux/seccomp.h; struct seccomp_notif is 80 bytes, struct seccomp_notif_resp 24
_RECV = 0xC0502100
_SEND = 0xC0182101
_ID_VALID = 0x40082102
_SET_FLAGS = 0x40082104
_SYNC_WAKE_UP = 1
_CONTINUE = 1
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")
_ID = struct.Struct("=Q")
_EMPTY = bytes(_NOTIFICATION.size)

_SOCKET_TYPES = {1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket", 6: "dccp", 10: "packet"}
_FAMILY_NAMES = {
    17: "AF_PACKET",
    30: "AF_TIPC",
    31: "AF_BLUETOOTH",
    38: "AF_ALG",
    40: "AF_VSOCK",
    44: "AF_XDP",
}
_PID_1 = {1: "the first process of the box"}
_NAMED_ARGUMENTS = {
    "ioctl": {0x5412: "TIOCSTI", 0x541C: "TIOCLINUX"},  # asm-generic/ioctls.h, linux/tiocl.h
    "ptrace": _PID_1,
    "process_vm_readv": _PID_1,
    "process_vm_writev": _PID_1,
}
_CALLS: dict[tuple[int, int], Call] = {
    (int(arch), call.number(arch)): call for arch in Arch for call in POLICY if call.number(arch) >= 0
}


@dataclass(slots=True)
class Notification:
    """One system call that waits for an answer."""

    id: int
    pid: int
    """Thread id, in the pid namespace of the reader."""
    number: int
    arch: int
    arguments: tuple[int, ...]


def receive(listener: int) -> Notification:
    """Take the next notification; blocks when there is none.

    Raises:
        OSError: ENOENT when its thread was killed meanwhile.
    """
    buffer = bytearray(_EMPTY)
    fcntl.ioctl(listener, _RECV, buffer, True)  # noqa: FBT003 - positional only
    ident, pid, _, number, arch, _, *arguments = _NOTIFICATION.unpack(buffer)
    return Notification(ident, pid, number, arch, tuple(arguments))


def is_valid(listener: int, ident: int) -> bool:
    """Whether the thread still waits, so that what was read of it was really its own."""
    try:
        fcntl.ioctl(listener, _ID_VALID, _ID.pack(ident))
    except OSError:
        return False
    return True


def answer(listener: int, ident: int, error: int = WATCH) -> None:
    """Let the call run, or fail it with an errno; a thread that is gone is ignored."""
    response = _RESPONSE.pack(ident, 0, -error, 0 if error else _CONTINUE)
    try:
        fcntl.ioctl(listener, _SEND, response)
    except OSError as problem:
        if problem.errno not in {errno.ENOENT, errno.EINPROGRESS}:
            raise


def wake_synchronously(listener: int) -> bool:
    """Ask the kernel to switch directly between the two sides; False before Linux 6.6."""
    try:
        fcntl.ioctl(listener, _SET_FLAGS, _SYNC_WAKE_UP)
    except OSError:
        return False
    return True


def lookup(notification: Notification) -> Call:
    """The policy's line for a notification; an x32 call is in no table and fails with ENOSYS."""
    call = _CALLS.get((notification.arch, notification.number))
    return call or Call(f"x32 call {notification.number & 0x3FFFFFFF}", -1, -1, -1, errno.ENOSYS)


def refusal(notification: Notification, call: Call) -> tuple[int, str]:
    """The errno of a denied call, and what it asked for in words."""
    if call.name in _NAMED_ARGUMENTS:
        return call.action, _NAMED_ARGUMENTS[call.name].get(notification.arguments[call.argument], "")
    if call.name not in {"socket", "socketpair"}:
        return call.action, ""
    family = notification.arguments[0] & 0xFFFFFFFF
    kind = notification.arguments[1] & TYPE_MASK
    text = f"{_family_name(family)}, {_SOCKET_TYPES.get(kind, f'type {kind}')}"
    # A known family is here for its raw type, which an ordinary user lacks the capability for.
    return (errno.EPERM if family in FAMILIES else call.action), text


def _family_name(family: int) -> str:
    known = {int(each): each.name for each in FAMILIES}
    return known.get(family) or _FAMILY_NAMES.get(family) or f"family {family}"
