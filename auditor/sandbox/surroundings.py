"""What refuses things on this machine: a container, AppArmor, a setting of the kernel.

Asked when a step of building a box failed. Not the test whether a box can be built: that is building one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.sandbox.steps import APPARMOR
from auditor.sandbox.steps import DOCKER

_NEEDS_RIGHTS = (
    "user-namespace",
    "network-namespaces",
    "veth",
    "tproxy",
    "listeners",
    "pid-namespace",
    "mounts",
)
_REFUSED = (errno.EPERM, errno.EACCES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known of them."""

    container: bool = False
    """We run in a container engine's container."""
    restricted: bool = False
    """kernel.apparmor_restrict_unprivileged_userns is set (Ubuntu 23.10 and newer)."""
    cloned: bool = True
    """kernel.unprivileged_userns_clone is set, or does not exist (it is Debian's)."""
    filtered: bool = False
    """A seccomp filter holds for us already (proc_pid_status(5))."""
    layered: bool = False
    """/var/tmp lies on an overlay, on which no overlay can write."""

    @classmethod
    def now(cls, root: Path = Path("/")) -> Surroundings:
        """Look around; what cannot be read counts as not so."""
        settings = root / "proc/sys/kernel"
        return cls(
            container=_in_container(root),
            restricted=_text(settings / "apparmor_restrict_unprivileged_userns") == "1",
            cloned=_text(settings / "unprivileged_userns_clone") != "0",
            filtered="\nSeccomp:\t2" in _text(root / "proc/self/status"),
            layered=_filesystem(_text(root / "proc/self/mountinfo"), "/var/tmp") == "overlay",
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _in_container(root: Path) -> bool:
    marks = (root / ".dockerenv", root / "run/.containerenv")  # Docker; Podman and CRI-O
    return any(mark.exists() for mark in marks) or "container=" in _text(root / "proc/1/environ")


def _filesystem(mountinfo: str, path: str) -> str:
    """Type of the file system that `path` lies on (proc_pid_mountinfo(5)); empty when nothing is known."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        mounted, _, system = line.partition(" - ")
        point = mounted.split()[4]
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, system.split()[0]
    return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    steps: tuple[str, ...]
    errors: tuple[int, ...]
    holds: Callable[[Surroundings], bool]
    fix: str


_CAUSES: Final = (
    _Cause(
        steps=("mounts",),
        errors=(errno.EINVAL,),
        holds=lambda around: around.layered,
        fix="What an app writes is kept in /var/tmp, which here lies on an overlay, where no overlay can "
        "write: in a container add `--volume /var/tmp`, elsewhere mount another file system there.",
    ),
    _Cause(
        steps=_NEEDS_RIGHTS,
        errors=_REFUSED,
        holds=lambda around: around.container,
        fix=f"This is a container whose defaults are too strict. Start it with {DOCKER}.",
    ),
    _Cause(
        steps=("user-namespace",),
        errors=_REFUSED,
        holds=lambda around: not around.cloned,
        fix="Allow user namespaces: `sudo sysctl kernel.unprivileged_userns_clone=1`. Or run audit with "
        "sudo.",
    ),
    _Cause(
        steps=_NEEDS_RIGHTS,
        errors=_REFUSED,
        holds=lambda around: around.restricted,
        fix="AppArmor gives the user namespaces of unknown programs no rights. Make audit's known: "
        f"{APPARMOR}. Or run audit with sudo.",
    ),
    _Cause(
        steps=("user-namespace", "seccomp"),
        errors=(*_REFUSED, errno.ENOSYS),
        holds=lambda around: around.filtered,
        fix="A seccomp filter that was here before us refuses it, as container engines and some sandboxes "
        f"have. In a container: {DOCKER}. Otherwise start audit outside of that sandbox.",
    ),
)  # fmt: skip


def exact_fix(step: str, number: int, around: Surroundings | None = None) -> str:
    """The fix for a step that failed with errno `number` here; empty when nothing special is known."""
    if os.geteuid() == 0 and step == "user-namespace":
        return ""
    around = Surroundings.now() if around is None else around
    for cause in _CAUSES:
        if step in cause.steps and number in cause.errors and cause.holds(around):
            return cause.fix
    return ""
