"""Bounds on what the box may take of the machine: tasks, core dumps, who dies first when memory runs out.

Not bounds on the disk: nobody but root can set those, so `auditor.record.guard` watches it.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
from pathlib import Path
from typing import Final

import msgspec

MAX_TASKS: Final = max(2048, 128 * (os.cpu_count() or 1))
"""Processes and threads of one box; libraries start threads by the number of processors."""
OOM_SCORE: Final = 500
"""Of -1000 to 1000 (proc_pid_oom_score_adj(5)): the box goes before anything of the user's own."""
NO_CORE: Final = 1
"""A bound of one byte also keeps a core dump from the host's handler, which 0 does not (core(5),
do_coredump in fs/coredump.c)."""
_CONTROLLER = "pids"


def impose(*, own_user_namespace: bool) -> None:
    """Bound the calling process and all its children; nobody in the box can raise it again.

    Args:
        own_user_namespace: Tasks are counted by user and user namespace since Linux 5.14, so that the
            bound is the box's own; without one it would count what the user runs elsewhere.

    A lower bound that holds already stays.
    """
    _bound(resource.RLIMIT_CORE, NO_CORE)
    if own_user_namespace and counts_by_namespace():
        _bound(resource.RLIMIT_NPROC, MAX_TASKS)
    with contextlib.suppress(OSError):  # a /proc that is not the box's own may be read-only
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, str(OOM_SCORE).encode())
        finally:
            os.close(descriptor)


def counts_by_namespace(release: str = "") -> bool:
    """Whether this kernel (or one of that release) counts a user's tasks in each user namespace by itself.

    Older ones count them on the whole machine, where the user may run more than our bound already.
    """
    numbers = re.match(r"(\d+)\.(\d+)", release or os.uname().release)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= (5, 14)


def _bound(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


class Cage(msgspec.Struct, frozen=True, kw_only=True):
    """A control group that bounds the number of tasks; for root, whom no resource limit holds."""

    folder: Path

    @classmethod
    def make(cls, name: str, parent: Path | None) -> Cage:
        """Make it below `parent`, see `parent_group`.

        Raises:
            OSError: there is no such place, or it cannot be written.
        """
        if parent is None:
            raise FileNotFoundError("no control group with the pids controller")
        cage = cls(folder=parent / name)
        cage.folder.mkdir()
        try:
            (cage.folder / "pids.max").write_text(str(MAX_TASKS))
        except OSError:
            cage.remove()
            raise
        return cage

    def take_in(self, pid: int) -> None:
        """Move a process into it; its later children are born there."""
        (self.folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Remove it, once it is empty."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def tasks_in(folder: Path) -> int:
    """Processes and threads in a cage now.

    Raises:
        OSError: it is gone.
    """
    return int((folder / "pids.current").read_text())


def own_parent_group() -> Path | None:
    """`parent_group` of this process."""
    return parent_group(Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text())


def parent_group(groups: str, mountinfo: str) -> Path | None:
    """Where a control group with the pids controller can be made; the nearest to our own, None for nowhere.

    Args:
        groups: Text of /proc/self/cgroup (cgroups(7)).
        mountinfo: Text of /proc/self/mountinfo.
    """
    own = {fields[1]: fields[2] for line in groups.splitlines() if len(fields := line.split(":", 2)) == 3}
    version_1 = next((path for names, path in own.items() if _CONTROLLER in names.split(",")), None)
    for line in mountinfo.splitlines():
        mounted, _, system = line.partition(" - ")
        root, point = mounted.split()[3:5]
        kind, _, options = system.split()[:3]
        if kind == "cgroup" and version_1 is not None and _CONTROLLER in options.split(","):
            return _below(point, root, version_1)
        if kind == "cgroup2" and version_1 is None and "" in own:
            return _delegating(_below(point, root, own[""]), Path(point))
    return None


def _below(point: str, root: str, path: str) -> Path:
    return Path(point + path.removeprefix(root.rstrip("/")).rstrip("/"))


def _delegating(group: Path, top: Path) -> Path | None:
    """The nearest group whose children have the controller: our own may hold processes, then it has none."""
    for folder in (group, *group.parents):
        with contextlib.suppress(OSError):
            if _CONTROLLER in (folder / "cgroup.subtree_control").read_text().split():
                return folder
        if folder == top:
            break
    return None
