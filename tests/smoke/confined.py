"""Runs a command from which something is taken away: `confined.py KIND [ARGUMENT]... -- COMMAND...`.

`full BYTES COPY`: `/mnt` is a disk of that size; what is on it in the end is copied to COPY.
`scratch BYTES`: `/var/tmp`, where boxes keep what an app writes, is a disk of that size.
`no-namespaces`: an ordinary user for whom the limit of user namespaces is 0.
`refused`: an ordinary user to whom unshare(2) is forbidden, as container engines do.
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
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    code = bpf.assemble(
        [
            bpf.load_word(0),
            bpf.when_equal(_UNSHARE[platform.machine()], then="no"),
            bpf.give(_ALLOW),
            "no",
            bpf.give(_ERRNO | errno.EPERM),
        ]
    )
    program = bpf.as_fprog(code)
    header = ctypes.create_string_buffer(program.header)
    syscalls.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))


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
    {"full": full, "scratch": scratch, "no-namespaces": no_namespaces, "refused": refused}[kind](*arguments)
    status = subprocess.run(sys.argv[end + 1 :], check=False).returncode
    if kind == "full":
        shutil.copytree(DISK, arguments[1])
    return status


if __name__ == "__main__":
    sys.exit(main())
