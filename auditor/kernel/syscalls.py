"""System calls for namespaces, mounts, capabilities and pidfds, through ctypes.

Not a general binding: only the calls that the box needs, each raising OSError with its own name.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_NOEXEC: Final = 0x8
MS_REMOUNT: Final = 0x20
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000
MNT_DETACH: Final = 0x2

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NAME: Final = 15
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
CAP_CHOWN: Final = 0
CAP_KILL: Final = 5
CAP_SETGID: Final = 6
CAP_SETUID: Final = 7
_CAP_VERSION_3 = 0x20080522
_CAP_LAST_GUESS = 63

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 0x1
_SYS_MOUNT_SETATTR = 442
_SYS_PIDFD_OPEN = 434
_SYS_PIDFD_GETFD = 438
_SYS_CLOSE_RANGE = 436
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
PIDFD_THREAD: Final = os.O_EXCL

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leave the shared namespaces named by `flags` (unshare(2))."""
    _checked(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int = 0) -> None:
    """Enter the namespace behind `fd` (setns(2))."""
    _checked(_libc.setns(fd, kind), "setns")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """Mount (mount(2))."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode(errors="surrogateescape") if data else None,
    )
    _checked(result, f"mount {kind or source} on {target}")


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    """Unmount (umount2(2))."""
    _checked(_libc.umount2(os.fsencode(target), flags), f"unmount {target}")


def make_private() -> None:
    """Stop mounts of this namespace from spreading to others (mount_namespaces(7))."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)


def make_readonly(target: str) -> None:
    """Make a mount and everything mounted below it read-only (mount_setattr(2), Linux 5.12)."""
    attributes = struct.pack("=QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0)
    result = _libc.syscall(
        _SYS_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(target), _AT_RECURSIVE, attributes, len(attributes)
    )
    _checked(result, f"mount_setattr {target}")


def enter_root(new_root: str) -> None:
    """Make `new_root` the root and let go of the old one (pivot_root(2), the `.` `.` form)."""
    os.chdir(new_root)
    _checked(_libc.syscall(_SYS_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    unmount(".")
    os.chdir("/")


def prctl(option: int, *arguments: int) -> int:
    """Set or read an attribute of this process (prctl(2))."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return _checked(_libc.prctl(option, *(ctypes.c_ulong(value) for value in padded)), f"prctl {option}")


def drop_all_capabilities(but: Iterable[int] = ()) -> None:
    """Empty every capability set, the bounding set included (capabilities(7)).

    Args:
        but: Those below 32 that this process keeps for itself; nothing that it executes will have them.
    """
    for capability in range(_CAP_LAST_GUESS + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # past the last capability that this kernel knows
    prctl(PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", _CAP_VERSION_3, 0)
    kept = sum(1 << capability for capability in but)
    _checked(_libc.capset(header, struct.pack("=6I", kept, kept, 0, 0, 0, 0)), "capset")


def pidfd_open(pid: int, flags: int = 0) -> int:
    """File descriptor that refers to a process (pidfd_open(2))."""
    return _checked(_libc.syscall(_SYS_PIDFD_OPEN, pid, flags), "pidfd_open")


def pidfd_getfd(pidfd: int, fd: int) -> int:
    """Duplicate descriptor `fd` of another process (pidfd_getfd(2))."""
    return _checked(_libc.syscall(_SYS_PIDFD_GETFD, pidfd, fd, 0), "pidfd_getfd")


def close_from(first: int) -> None:
    """Close every descriptor from `first` on (close_range(2))."""
    _checked(_libc.syscall(_SYS_CLOSE_RANGE, first, ctypes.c_uint(0xFFFFFFFF), 0), "close_range")
