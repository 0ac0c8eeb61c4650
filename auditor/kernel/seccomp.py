"""The box's system-call filter as a table, and how a child installs it and hands its listener over.

Not the answering: whoever holds the listener reads `auditor.kernel.notify`. Not a security boundary
either for calls that are watched: namespaces enforce, the filter shows who did what. The calls that are
denied are decided on scalar arguments alone, which nobody can change after the kernel read them.
"""

from __future__ import annotations

import ctypes
import enum
import errno
import os
import platform
import socket
from dataclasses import dataclass
from typing import Final

from auditor.kernel import bpf
from auditor.kernel.syscalls import PR_SET_NO_NEW_PRIVS
from auditor.kernel.syscalls import prctl


class Arch(enum.IntEnum):
    """AUDIT_ARCH_* of linux/audit.h: machine, byte order and word size of a system call."""

    X86_64 = 0xC000003E
    I386 = 0x40000003
    AARCH64 = 0xC00000B7


class Scope(enum.Enum):
    """Which of a system call's invocations are reported."""

    ALL = enum.auto()
    ADDRESSED = enum.auto()
    """The argument is not NULL: a sendto(2) that names its destination."""
    ODD_SOCKET = enum.auto()
    """A family outside `FAMILIES`, or a raw or packet type of an internet family."""
    WRITING = enum.auto()
    """Any of `WRITE_FLAGS`: an open(2) that is more than a look."""
    VALUE = enum.auto()
    """The argument is one of the call's `values`."""


WATCH: Final = 0
"""Instead of an errno: write it down and let it run."""


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of the policy."""

    name: str
    x86_64: int
    i386: int
    aarch64: int
    """Number on each architecture, -1 where it does not exist."""
    action: int = WATCH
    """`WATCH`, or the errno that it fails with."""
    scope: Scope = Scope.ALL
    argument: int = 0
    """Which argument the scope looks at, counted from 0."""
    values: tuple[int, ...] = ()
    """For `Scope.VALUE`; 32 bits are compared."""

    def number(self, arch: Arch) -> int:
        """Number of the call on `arch`."""
        return {Arch.X86_64: self.x86_64, Arch.I386: self.i386, Arch.AARCH64: self.aarch64}[arch]


# sendmsg(2) and sendmmsg(2) are absent: a filter cannot see their addresses, they would cost every
# send a round trip, and a child hands its listener over with one. What they send is found by sock_diag.
POLICY: Final = (
    Call("connect", 42, 362, 203),
    Call("bind", 49, 361, 200),
    Call("listen", 50, 363, 201),
    Call("sendto", 44, 369, 206, scope=Scope.ADDRESSED, argument=4),
    Call("execve", 59, 11, 221),
    Call("execveat", 322, 358, 281),
    Call("exit_group", 231, 252, 94),
    # What changes names and contents below a directory. Descriptors are not followed: whoever opened a
    # file for writing is the one who writes.
    Call("open", 2, 5, -1, scope=Scope.WRITING, argument=1),
    Call("openat", 257, 295, 56, scope=Scope.WRITING, argument=2),
    Call("openat2", 437, 437, 437),  # its flags lie in memory
    Call("creat", 85, 8, -1),
    Call("truncate", 76, 92, 45),
    Call("truncate64", -1, 193, -1),
    Call("rename", 82, 38, -1),
    Call("renameat", 264, 302, 38),
    Call("renameat2", 316, 353, 276),
    Call("link", 86, 9, -1),
    Call("linkat", 265, 303, 37),
    Call("symlink", 88, 83, -1),
    Call("symlinkat", 266, 304, 36),
    Call("mkdir", 83, 39, -1),
    Call("mkdirat", 258, 296, 34),
    Call("mknod", 133, 14, -1),
    Call("mknodat", 259, 297, 33),
    Call("unlink", 87, 10, -1),
    Call("unlinkat", 263, 301, 35),
    Call("rmdir", 84, 40, -1),
    Call("socket", 41, 359, 198, errno.EAFNOSUPPORT, Scope.ODD_SOCKET),
    Call("socketpair", 53, 360, 199, errno.EAFNOSUPPORT, Scope.ODD_SOCKET),
    # Its arguments lie in memory, where they could change after a look; every libc since Linux 4.3 has
    # the direct calls.
    Call("socketcall", -1, 102, -1, errno.ENOSYS),
    # io_uring would connect and send without any call that a filter sees.
    Call("io_uring_setup", 425, 425, 425, errno.ENOSYS),
    Call("io_uring_enter", 426, 426, 426, errno.ENOSYS),
    Call("io_uring_register", 427, 427, 427, errno.ENOSYS),
    # The session keyring is shared with the desktop; no namespace separates it.
    Call("add_key", 248, 286, 217, errno.ENOSYS),
    Call("request_key", 249, 287, 218, errno.ENOSYS),
    Call("keyctl", 250, 288, 219, errno.ENOSYS),
    # Doors that lack of privilege keeps shut by itself. They are here to be written down, and because a
    # user namespace of the app's own would open some of them a little.
    Call("setns", 308, 346, 268, errno.EPERM),
    Call("open_by_handle_at", 304, 342, 265, errno.EPERM),  # finds files below what is mounted over them
    Call("bpf", 321, 357, 280, errno.EPERM),
    Call("init_module", 175, 128, 105, errno.EPERM),
    Call("finit_module", 313, 350, 273, errno.EPERM),
    Call("delete_module", 176, 129, 106, errno.EPERM),
    Call("kexec_load", 246, 283, 104, errno.EPERM),
    Call("kexec_file_load", 320, -1, 294, errno.EPERM),
    # Pid 1 of the box is ours.
    Call("ptrace", 101, 26, 117, errno.EPERM, Scope.VALUE, argument=1, values=(1,)),
    Call("process_vm_readv", 310, 347, 270, errno.EPERM, Scope.VALUE, argument=0, values=(1,)),
    Call("process_vm_writev", 311, 348, 271, errno.EPERM, Scope.VALUE, argument=0, values=(1,)),
    # Typing into a terminal in somebody's name.
    Call("ioctl", 16, 54, 29, errno.EPERM, Scope.VALUE, argument=1, values=(0x5412, 0x541C)),
)
FAMILIES: Final = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
"""The only socket families of the box; AF_VSOCK, for one, would pass every network namespace."""
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_RAW_TYPES = (socket.SOCK_RAW, 10)  # SOCK_RAW, SOCK_PACKET
TYPE_MASK: Final = 0xF
"""SOCK_TYPE_MASK: the rest of socket(2)'s second argument is flags."""
WRITE_FLAGS: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
"""The same bits on every architecture of the table."""

_ARCHES = {
    "x86_64": (Arch.X86_64, Arch.I386),
    "aarch64": (Arch.AARCH64,),
}
# struct seccomp_data, linux/seccomp.h, little-endian
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGUMENTS = 0, 4, 16
_X32_BIT = 0x40000000
_KILL_PROCESS, _NOTIFY, _ALLOW = 0x80000000, 0x7FC00000, 0x7FFF0000

_SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1
_NEW_LISTENER = 1 << 3
_WAIT_KILLABLE_RECV = 1 << 5

_libc = ctypes.CDLL(None, use_errno=True)


def program(arch: str = "") -> bytes:
    """Assemble the filter for a machine (`x86_64`, `aarch64`; empty for this one).

    Raises:
        ValueError: there is no table for it.
    """
    arch = arch or platform.machine()
    if arch not in _ARCHES:
        raise ValueError(f"no system-call table for {arch}")
    steps: list[bpf.Step] = [bpf.load_word(_OFFSET_ARCH)]
    for each in _ARCHES[arch]:
        steps += [bpf.when_equal(each, then=each.name)]
    steps += [bpf.give(_KILL_PROCESS)]
    for each in _ARCHES[arch]:
        steps += _section(each)
    return bpf.assemble(steps)


def _section(arch: Arch) -> list[bpf.Step]:
    steps: list[bpf.Step] = [arch.name, bpf.load_word(_OFFSET_NUMBER)]
    tails: list[bpf.Step] = []
    if arch is Arch.X86_64:
        steps += [bpf.when_at_least(_X32_BIT, then=f"{arch.name} notify")]
    for call in POLICY:
        if call.number(arch) < 0:
            continue
        target = f"{arch.name} notify" if call.scope is Scope.ALL else f"{arch.name} {call.name}"
        steps += [bpf.when_equal(call.number(arch), then=target)]
        if call.scope is not Scope.ALL:
            tails += [target, *_narrowed(arch, call, target)]
    steps += [bpf.give(_ALLOW), *tails]
    return [*steps, f"{arch.name} notify", bpf.give(_NOTIFY)]


def _narrowed(arch: Arch, call: Call, prefix: str) -> list[bpf.Step]:
    notify = f"{arch.name} notify"
    low = _OFFSET_ARGUMENTS + 8 * call.argument
    if call.scope is Scope.ADDRESSED:
        return [
            bpf.load_word(low), bpf.when_equal(0, otherwise=notify),
            bpf.load_word(low + 4), bpf.when_equal(0, otherwise=notify),
            bpf.give(_ALLOW),
        ]  # fmt: skip
    # Only the lower halves from here on: the kernel takes these arguments as int.
    if call.scope is Scope.WRITING:
        return [
            bpf.load_word(low), bpf.mask(WRITE_FLAGS), bpf.when_equal(0, otherwise=notify),
            bpf.give(_ALLOW),
        ]  # fmt: skip
    if call.scope is Scope.VALUE:
        return [
            bpf.load_word(low),
            *(bpf.when_equal(value, then=notify) for value in call.values),
            bpf.give(_ALLOW),
        ]
    internet, allow = f"{prefix} internet", f"{prefix} allow"
    return [
        bpf.load_word(low),
        *(bpf.when_equal(family, then=internet) for family in _INTERNET),
        *(bpf.when_equal(family, then=allow) for family in FAMILIES if family not in _INTERNET),
        bpf.give(_NOTIFY),
        internet, bpf.load_word(low + 8), bpf.mask(TYPE_MASK),
        *(bpf.when_equal(kind, then=notify) for kind in _RAW_TYPES),
        allow, bpf.give(_ALLOW),
    ]  # fmt: skip


def install(code: bytes) -> int:
    """Filter this thread and all its children for good; returns the listener's descriptor.

    Call it in a single-threaded child. It sets `no_new_privs`.

    Raises:
        OSError: EBUSY when a filter with a listener is installed already, ENOSYS or EINVAL when the
            kernel has no user notification (before Linux 5.0), EACCES inside some containers.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    try:
        return _seccomp(code, _NEW_LISTENER | _WAIT_KILLABLE_RECV)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return _seccomp(code, _NEW_LISTENER)  # before Linux 5.19


def _seccomp(code: bytes, flags: int) -> int:
    fprog = bpf.as_fprog(code)
    result = _libc.syscall(_SYS_SECCOMP[platform.machine()], _SET_MODE_FILTER, flags, fprog.header)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
    return int(result)


def install_and_hand_over(code: bytes, socket_fd: int, role: str) -> None:
    """Install the filter and send its listener through `socket_fd`; closes both descriptors.

    The hand-shake, for a freshly forked, single-threaded child just before its execve(2):
    `socket_fd` is an AF_UNIX SOCK_SEQPACKET socket; one message goes out, whose payload is `role`
    (`app`, `control` or `reference`) and whose SCM_RIGHTS holds the one listener. Nothing comes back:
    the next watched call simply waits until the other side answers. sendmsg(2) and close(2) are not
    watched, so nothing before the execve can block on the filter.

    Raises:
        OSError: as `install`, or EPIPE when nobody is left to answer; the child must then exit, for
            every watched call of its would fail with ENOSYS.
    """
    listener = install(code)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=socket_fd) as intake:
            socket.send_fds(intake, [role.encode()], [listener])
    finally:
        os.close(listener)
