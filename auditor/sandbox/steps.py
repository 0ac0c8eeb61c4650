"""The steps of building a box, and what to do about each that a kernel may refuse.

Not the steps themselves: `helper`, `network` and `mounts` take them and name them.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Final

from auditor.errors import BoxUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the kernel must allow."""

    name: str
    what: str
    """What it gives the box, for `audit doctor`."""
    fixes: dict[int, str]
    """By errno; 0 is the answer to any other."""


DOCKER: Final = (
    "`docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined --volume /var/tmp`"
)
"""What Docker's (and Podman's) defaults refuse: user namespaces, mounts, a /proc of the box's own, and a
disk that can be the upper layer of an overlay."""
APPARMOR: Final = (
    "`audit doctor --apparmor-profile | sudo tee /etc/apparmor.d/audit >/dev/null && "
    "sudo apparmor_parser --replace /etc/apparmor.d/audit`"
)
_USER_NAMESPACE_FIX = (
    "Allow user namespaces: `sudo sysctl kernel.unprivileged_userns_clone=1` (Debian), "
    f"{APPARMOR} (Ubuntu 23.10 and newer), or in a container {DOCKER}. Or run audit with sudo."
)
_APPARMOR_FIX = (
    f"AppArmor may give new user namespaces no rights: {APPARMOR}, or `sudo sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0`, or run audit with sudo."
)
_MODULES_FIX = "Load the kernel modules: `sudo modprobe -a veth nf_tables nft_tproxy`."

STEPS: Final = (
    Step(
        name="scratch",
        what="a directory of its own in /var/tmp",
        fixes={errno.ENOSPC: "Make room in /var/tmp.", 0: "Make /var/tmp writable."},
    ),
    Step(
        name="user-namespace",
        what="a user namespace, so that no root is needed",
        fixes={
            errno.EPERM: _USER_NAMESPACE_FIX,
            errno.EACCES: _APPARMOR_FIX,
            errno.ENOSPC: "Raise the limit: `sudo sysctl user.max_user_namespaces=15000`.",
            errno.EINVAL: "The kernel has no user namespaces (CONFIG_USER_NS). Run audit with sudo.",
            0: _USER_NAMESPACE_FIX,
        },
    ),
    Step(
        name="network-namespaces",
        what="two network namespaces: the app's, and the gateway's that it cannot reach",
        fixes={errno.EPERM: _APPARMOR_FIX, 0: "Run audit with sudo."},
    ),
    Step(
        name="veth",
        what="the only wire out of the box",
        fixes={
            errno.EPERM: _APPARMOR_FIX,
            errno.EOPNOTSUPP: _MODULES_FIX,
            0: _MODULES_FIX,
        },
    ),
    Step(
        name="tproxy",
        what="every connection to any address ends at our gateway",
        fixes={0: _MODULES_FIX},
    ),
    Step(
        name="listeners",
        what="the gateway's sockets and packet capture",
        fixes={0: "Check `ulimit -n` (1024 or more) and free memory."},
    ),
    Step(
        name="pid-namespace",
        what="a process tree of its own that dies as one",
        fixes={0: "Allow pid namespaces: `sudo sysctl user.max_pid_namespaces=15000`."},
    ),
    Step(
        name="mounts",
        what="overlays that record what is written, and a read-only rest",
        fixes={
            errno.EPERM: (
                f"The kernel refuses mounts in user namespaces: in a container {DOCKER}, else run audit "
                "with sudo."
            ),
            errno.EACCES: _APPARMOR_FIX,
            errno.ENOSYS: "Linux 5.12 or newer is needed.",
            errno.EINVAL: "Overlays need Linux 5.11 or newer, and /var/tmp on ext4, xfs, btrfs or tmpfs.",
            0: "Run `audit doctor` to see which mount fails, or run audit with sudo.",
        },
    ),
    Step(
        name="seccomp",
        what="who opened which connection, and doors that stay shut",
        fixes={
            0: "In a container add `--security-opt seccomp=unconfined`; Linux 5.5 or newer is needed.",
        },
    ),
)

_BY_NAME = {step.name: step for step in STEPS}


def failure(name: str, number: int, text: str) -> BoxUnavailable:
    """The error for a step that failed with errno `number`."""
    step = _BY_NAME.get(name)
    what = f"the step {name} failed" if step is None else f"the kernel refused {step.what} (step {name})"
    detail = text or os.strerror(number)
    fixes = {0: "Run `audit doctor`."} if step is None else step.fixes
    from auditor.sandbox.surroundings import exact_fix  # noqa: PLC0415 - not needed where all goes well

    fix = exact_fix(name, number) or fixes.get(number, fixes[0])
    return BoxUnavailable(f"The box cannot be built: {what}: {detail}.", fix=fix)
