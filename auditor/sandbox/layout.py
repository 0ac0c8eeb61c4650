"""Decides what the box's file system looks like: from the host's facts to mount steps.

Pure planning: looks at the host, changes nothing. `auditor.sandbox.mounts` carries it out.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.sandbox.plan import ROOT
from auditor.sandbox.plan import Bind
from auditor.sandbox.plan import Folder
from auditor.sandbox.plan import Kernel
from auditor.sandbox.plan import Layer
from auditor.sandbox.plan import Link
from auditor.sandbox.plan import MountStep
from auditor.sandbox.plan import Overlay
from auditor.sandbox.plan import TextFile
from auditor.sandbox.plan import Tmpfs

DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
GPU_PATTERNS: Final = ("nvidia*", "dri", "kfd")
KERNEL_SETTINGS: Final = ("bus", "fs", "irq", "sys", "sysrq-trigger")
"""Parts of /proc through which uid 0 sets the whole machine, without any capability (proc(5))."""
FRESH_TREES: Final = ("/var/tmp",)
"""Trees that start empty: the scratch directory lies in one of them, and must not be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """The parts of the file system that the app may write."""

    overlays: tuple[str, ...]
    read_only: tuple[str, ...]
    """Asked for, but not possible: something else is mounted below them."""


def mount_points(mountinfo: str) -> tuple[str, ...]:
    """Mount points of a namespace, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    return tuple(_plain(line.split()[4]) for line in mountinfo.splitlines() if line)


def _plain(field: str) -> str:
    """A path of a mount table, where blanks and backslashes are octal."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)


def mounted_sockets(mountinfo: str) -> tuple[str, ...]:
    """Sockets that are mount points themselves, as containers get them.

    Their service may live in another network namespace, so that no table of ours knows of them.
    """
    fields = (line.split()[3:5] for line in mountinfo.splitlines() if line)
    # Only files are mounted by a name of their own; to look at others could wait on a dead server.
    return tuple(path for root, point in fields if root != "/" and _is_socket(path := _plain(point)))


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def choose_trees(wanted: Iterable[str], mounted: Iterable[str]) -> Trees:
    """Which directories to overlay.

    A tree inside another is covered by it. One with a mount below cannot be a lower of an overlay
    without privilege (the kernel will not clone locked mounts), so it is split around that mount.
    """
    mounted = tuple(mounted)
    chosen: list[str] = []
    blocked: list[str] = []
    for tree in sorted({os.path.realpath(name) for name in wanted}):
        if tree == "/" or not os.path.isdir(tree) or any(_inside(tree, other) for other in chosen):
            continue
        leaves = list(_split(tree, mounted))
        chosen.extend(leaves)
        if leaves != [tree]:
            blocked.append(tree)
    return Trees(overlays=tuple(chosen), read_only=tuple(blocked))


def _inside(path: str, tree: str) -> bool:
    return path == tree or path.startswith(tree.rstrip("/") + "/")


def _split(tree: str, mounted: tuple[str, ...]) -> Iterable[str]:
    below = [point for point in mounted if point != tree and _inside(point, tree)]
    if not below:
        yield tree
        return
    for entry in sorted(os.scandir(tree), key=lambda item: item.name):
        if entry.is_dir(follow_symlinks=False) and entry.path not in below:
            yield from _split(entry.path, mounted)


def layers_for(trees: Trees, scratch: Path) -> tuple[Layer, ...]:
    """Where the changes to each tree are recorded."""
    layers = [
        Layer(mount=tree, upper=str(scratch / "upper" / str(number)), lower=tree)
        for number, tree in enumerate(trees.overlays)
        if tree not in FRESH_TREES
    ]
    fresh = [
        Layer(mount=tree, upper=str(scratch / "fresh" / str(number)), lower="")
        for number, tree in enumerate(FRESH_TREES)
    ]
    return (*layers, *fresh)


def base_steps(layers: Iterable[Layer], scratch: Path, *, uid: int, gid: int, gpu: bool) -> list[MountStep]:
    """The file system before identity and trust are laid over it."""
    steps: list[MountStep] = [
        # Only for uid 0: a sealed /proc keeps programs from mounting one in a box of their own.
        Kernel(kind="proc", target="/proc", fallback=True, sealed=KERNEL_SETTINGS if uid == 0 else ()),
        Kernel(kind="sysfs", target="/sys", read_only=True, fallback=True),
        *device_steps(gpu=gpu),
        Tmpfs(target="/run", options="mode=755,size=10%"),
        Folder(target="/run/lock", mode=0o1777),
        Folder(target="/run/user"),
        Tmpfs(target=f"/run/user/{uid}", options=f"mode=700,uid={uid},gid={gid},size=10%"),
    ]
    # A fresh tree first: an overlay may lie inside it (a working directory in /var/tmp).
    ordered = sorted(layers, key=lambda item: (bool(item.lower), item.mount))
    return steps + [_layer_step(layer, scratch) for layer in ordered]


def _layer_step(layer: Layer, scratch: Path) -> MountStep:
    if not layer.lower:
        return Bind(source=layer.upper, target=layer.mount, read_only=False, optional=True)
    work = scratch / "work" / Path(layer.upper).name
    return Overlay(target=layer.mount, lower=(layer.lower,), upper=layer.upper, work=str(work))


def device_steps(*, gpu: bool) -> list[MountStep]:
    """A small /dev: six nodes, pseudo-terminals of the box's own, shared memory, and GPUs when asked for."""
    steps: list[MountStep] = [Tmpfs(target="/dev", options="mode=755,size=1m")]
    steps += [Bind(source=f"/dev/{name}", target=f"/dev/{name}", read_only=False) for name in DEVICES]
    steps += [
        Folder(target="/dev/pts"),
        Kernel(kind="devpts", target="/dev/pts", options="newinstance,ptmxmode=0666,mode=620"),
        Link(target="/dev/ptmx", to="pts/ptmx"),
        Folder(target="/dev/shm"),
        Tmpfs(target="/dev/shm", options="mode=1777"),
        Link(target="/dev/fd", to="/proc/self/fd"),
        *(
            Link(target=f"/dev/{n}", to=f"/proc/self/fd/{i}")
            for i, n in enumerate(("stdin", "stdout", "stderr"))
        ),
    ]
    if gpu:
        steps += [Bind(source=node, target=node, read_only=False, optional=True) for node in gpu_nodes()]
    return steps


def gpu_nodes(dev: Path = Path("/dev")) -> list[str]:
    """GPU device nodes and folders of the host."""
    return sorted(str(node) for pattern in GPU_PATTERNS for node in dev.glob(pattern))


def text_steps(names: Iterable[str], inject: Path, *, optional: bool = False) -> list[MountStep]:
    """Show our own version of each text file that exists on the host.

    Args:
        names: Their paths in the box.
        inject: Where our versions are written.
        optional: Do without those that the kernel does not let us cover.
    """
    return [
        TextFile(target=name, source=str(inject / name.lstrip("/")), optional=optional)
        for name in names
        if os.path.lexists(name)
    ]


def socket_paths(table: str) -> tuple[str, ...]:
    """Paths that sockets of the host are bound to, from the text of /proc/net/unix (proc_net(5))."""
    fields = (line.split(maxsplit=7) for line in table.splitlines()[1:])
    return tuple(dict.fromkeys(row[7] for row in fields if len(row) == 8 and row[7].startswith("/")))


def mask_steps(sockets: Iterable[str], trees: Iterable[str]) -> list[MountStep]:
    """Put the null device in the place of the host's sockets, so that no service of the host can be reached.

    A read-only mount does not keep anybody from connecting. An overlay does, so those in `trees` can stay.
    """
    trees = tuple(trees)
    reachable = sorted({path for name in sockets if os.path.exists(path := os.path.realpath(name))})
    return [
        Bind(source="/dev/null", target=path, optional=True)
        for path in reachable
        if not any(_inside(path, tree) for tree in trees)
    ]


def hide_steps(paths: Iterable[Path]) -> list[MountStep]:
    """Put nothing in the place of directories that the app must not see."""
    wanted = sorted({os.path.realpath(path) for path in paths if path.is_dir()})
    outermost = [
        path for path in wanted if not any(_inside(path, other) for other in wanted if other != path)
    ]
    return [Tmpfs(target=path, options="mode=000", read_only=True, optional=True) for path in outermost]


def new_root(scratch: Path) -> str:
    """Where the box's root is assembled."""
    return str(scratch / ROOT)
