"""Carries out a plan's mount steps; runs as pid 1 of the box, before it gives up its capabilities.

Not the decision what to mount: that is `auditor.sandbox.layout`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.kernel import syscalls
from auditor.sandbox.plan import Bind
from auditor.sandbox.plan import Folder
from auditor.sandbox.plan import Kernel
from auditor.sandbox.plan import Link
from auditor.sandbox.plan import MountStep
from auditor.sandbox.plan import Overlay
from auditor.sandbox.plan import TextFile
from auditor.sandbox.plan import Tmpfs

_QUIET = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC


def assemble(root: str, steps: Sequence[MountStep]) -> tuple[str, ...]:
    """Build the box's file system under `root` and make it the root of this mount namespace.

    Returns:
        One sentence for each step that was left out because the kernel refused it.

    Raises:
        OSError: a step that the box cannot do without failed.
    """
    syscalls.make_private()
    syscalls.mount("/", root, None, syscalls.MS_BIND | syscalls.MS_REC)
    syscalls.make_readonly(root)
    notes = [note for step in steps if (note := _ACTIONS[type(step)](root, step))]
    syscalls.enter_root(root)
    return tuple(notes)


def _bind(root: str, step: Bind) -> str:
    target = inside(root, step.target)
    if not os.path.lexists(target):
        if step.optional and not os.path.exists(step.source):
            return ""
        try:
            _make_target(step.source, target)
        except OSError:
            if step.optional:
                return ""
            raise
    syscalls.mount(step.source, target, None, syscalls.MS_BIND | syscalls.MS_REC)
    if step.read_only:
        syscalls.make_readonly(target)
    return ""


def _make_target(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.mkdir(target)
    else:
        Path(target).touch()


def _overlay(root: str, step: Overlay) -> str:
    target = inside(root, step.target)
    options = "lowerdir=" + ":".join(_escaped(lower) for lower in step.lower)
    flags = syscalls.MS_NODEV
    if step.upper:
        _prepare_upper(step)
        options += f",upperdir={_escaped(step.upper)},workdir={_escaped(step.work)}"
    else:
        flags |= syscalls.MS_RDONLY
    syscalls.mount("overlay", target, "overlay", flags, options + ",userxattr")
    return ""


def _prepare_upper(step: Overlay) -> None:
    """The root of an overlay takes its mode and owner from the upper directory."""
    status = os.stat(step.lower[-1])
    os.chmod(step.upper, stat.S_IMODE(status.st_mode))
    # Not ours to give away (root's /tmp, seen by a user): then the sticky bit and the mode must do.
    with contextlib.suppress(OSError):
        os.chown(step.upper, status.st_uid, status.st_gid)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _tmpfs(root: str, step: Tmpfs) -> str:
    target = inside(root, step.target)
    if not os.path.isdir(target):
        if step.optional:
            return ""
        os.makedirs(target)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | (syscalls.MS_RDONLY if step.read_only else 0)
    syscalls.mount("tmpfs", target, "tmpfs", flags, step.options)
    return ""


def _kernel(root: str, step: Kernel) -> str:
    flags = _QUIET & ~(syscalls.MS_NODEV if step.kind == "devpts" else 0)
    flags |= syscalls.MS_RDONLY if step.read_only else 0
    try:
        syscalls.mount(step.kind, inside(root, step.target), step.kind, flags, step.options)
    except OSError as error:
        if not step.fallback:
            raise
        return f"The box has no {step.target} of its own and shows the host's ({error.strerror})."
    for name in step.sealed:
        _seal(inside(root, f"{step.target}/{name}"))
    return ""


def _seal(target: str) -> None:
    if os.path.lexists(target):
        syscalls.mount(target, target, None, syscalls.MS_BIND | syscalls.MS_REC)
        syscalls.make_readonly(target)


def _folder(root: str, step: Folder) -> str:
    target = inside(root, step.target)
    os.makedirs(target, exist_ok=True)
    os.chmod(target, step.mode)
    return ""


def _link(root: str, step: Link) -> str:
    os.symlink(step.to, inside(root, step.target))
    return ""


def _text_file(root: str, step: TextFile) -> str:
    target = inside(root, step.target)
    if not os.path.lexists(target):
        # A link into /run, which is empty now (resolv.conf of systemd-resolved).
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            Path(target).write_bytes(Path(step.source).read_bytes())
        except OSError as error:
            return f"{step.target} could not be replaced ({error.strerror})."
        return ""
    try:
        syscalls.mount(step.source, target, None, syscalls.MS_BIND)
    except OSError as error:
        if not step.optional:
            raise
        return f"{step.target} shows the host's ({error.strerror})."
    syscalls.make_readonly(target)
    return ""


_ACTIONS: dict[type[MountStep], Callable[[str, Any], str]] = {
    Bind: _bind,
    Overlay: _overlay,
    Tmpfs: _tmpfs,
    Kernel: _kernel,
    Folder: _folder,
    Link: _link,
    TextFile: _text_file,
}


def inside(root: str, path: str) -> str:
    """Host path of a path of the box, with links followed as the box will follow them.

    Plain resolution would follow an absolute link out of `root`.
    """
    resolved = root
    pending = [part for part in path.split("/") if part]
    for _ in range(40 + len(pending)):  # the kernel gives up after 40 links, too
        if not pending:
            break
        part = pending.pop(0)
        if part == "..":
            resolved = root if resolved == root else os.path.dirname(resolved)
            continue
        candidate = f"{resolved}/{part}"
        if os.path.islink(candidate):
            link = os.readlink(candidate)
            resolved = root if link.startswith("/") else resolved
            pending = [piece for piece in link.split("/") if piece not in ("", ".")] + pending
        else:
            resolved = candidate
    return resolved
