"""Runs a command from which something is taken away: `confined.py KIND [ARGUMENT]... -- COMMAND...`.

`full BYTES COPY`: `/mnt` is a disk of that size; what is on it in the end is copied to COPY.
`scratch BYTES`: `/var/tmp`, where boxes keep what an app writes, is a disk of that size.
`no-namespaces`: an ordinary user for whom the limit of user namespaces is 0.
`refused`: an ordinary user to whom unshare(2) is forbidden, as container engines do.
`powerless`: one whose user namespaces give no rights, as AppArmor's restriction makes them.
`no-netfilter`: one on whose kernel there is no nf_tables.
`masked`: one who sees a part of /proc covered, as container engines do.
`layered`: one whose `/var/tmp` lies on an overlay, as in most containers.
Nothing outside this process and its children changes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from auditor.kernel import bpf
from auditor.kernel import syscalls

DISK = "/mnt"
_UNSHARE = {"x86_64": 272, "aarch64": 97}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_FIRST_ARGUMENT = 16  # struct seccomp_data, linux/seccomp.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ORDINARY = 1000


def full(size: str, _copy: str) -> None:
    if os.geteuid():
        become(os.geteuid())
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.make_private()
    syscalls.mount("none", DISK, "tmpfs", 0, f"size={size}")


def scratch(size: str) -> None:
    if os.geteuid():
        become(os.geteuid())
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.make_private()
    syscalls.mount("none", "/var/tmp", "tmpfs", 0, f"size={size},mode=1777")


def no_namespaces() -> None:
    become(_ORDINARY)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def refused() -> None:
    become(_ORDINARY)
    forbid([bpf.when_equal(_UNSHARE[platform.machine()], then="no")], errno.EPERM)


def powerless() -> None:
    become(_ORDINARY)
    flags = bpf.load_word(_FIRST_ARGUMENT)
    unshare = [bpf.when_equal(_UNSHARE[platform.machine()], otherwise="yes"), flags]
    forbid([*unshare, bpf.when_equal(syscalls.CLONE_NEWUSER, then="yes", otherwise="no"), "yes"], errno.EPERM)


def no_netfilter() -> None:
    become(_ORDINARY)
    protocol = bpf.load_word(_FIRST_ARGUMENT + 16)
    socket = [bpf.when_equal(_SOCKET[platform.machine()], otherwise="yes"), bpf.load_word(_FIRST_ARGUMENT)]
    netlink = [bpf.when_equal(16, otherwise="yes"), protocol, bpf.when_equal(12, then="no"), "yes"]
    forbid([*socket, *netlink], errno.EPROTONOSUPPORT)


def forbid(steps: list[bpf.Step], number: int) -> None:
    """Fail the calls for which `steps`, which begin with the call's number loaded, jump to `no`."""
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    code = bpf.assemble([bpf.load_word(0), *steps, bpf.give(_ALLOW), "no", bpf.give(_ERRNO | number)])
    program = bpf.as_fprog(code)
    header = ctypes.create_string_buffer(program.header)
    syscalls.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))


def masked() -> None:
    become(_ORDINARY)
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.make_private()
    for name in ("kcore", "keys", "timer_list"):
        if Path("/proc", name).exists():
            syscalls.mount("/dev/null", f"/proc/{name}", None, syscalls.MS_BIND)
    syscalls.mount("none", "/proc/irq", "tmpfs", syscalls.MS_RDONLY)


def layered() -> None:
    become(_ORDINARY)
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.make_private()
    syscalls.mount("none", DISK, "tmpfs")
    for name in ("lower", "upper", "work"):
        Path(DISK, name).mkdir(mode=0o777)
    options = f"lowerdir={DISK}/lower,upperdir={DISK}/upper,workdir={DISK}/work,userxattr"
    syscalls.mount("overlay", "/var/tmp", "overlay", 0, options)


def become(uid: int) -> None:
    """Be user `uid` of a user namespace, with its capabilities until the next execve(2)."""
    outside, group = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outside} 1")
    Path("/proc/self/gid_map").write_text(f"{uid} {group} 1")


def main() -> int:
    end = sys.argv.index("--")
    kind, *arguments = sys.argv[1:end]
    KINDS[kind](*arguments)
    status = subprocess.run(sys.argv[end + 1 :], check=False).returncode
    if kind == "full":
        shutil.copytree(DISK, arguments[1])
    return status


KINDS = {
    "full": full,
    "scratch": scratch,
    "no-namespaces": no_namespaces,
    "refused": refused,
    "powerless": powerless,
    "no-netfilter": no_netfilter,
    "masked": masked,
    "layered": layered,
}

if __name__ == "__main__":
    sys.exit(main())
