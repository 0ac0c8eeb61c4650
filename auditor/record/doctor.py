"""Tries everything that the box needs, by building one; finds the first step that this machine refuses.

Not a reading of kernel settings: what is tried is what a recording does.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.capture.watcher import SocketWatcher
from auditor.errors import BoxUnavailable
from auditor.internet.ca import make_ca
from auditor.kernel import seccomp
from auditor.sandbox.box import Box
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box
from auditor.sandbox.prepare import write_files
from auditor.sandbox.steps import STEPS
from auditor.sandbox.steps import failure

_TRUE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried."""

    name: str
    what: str
    outcome: str
    """`ok`, `missing`, `reduced` or `not tried`."""
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extra:
    """Something outside the box that makes it see more."""

    name: str
    what: str
    programs: tuple[str, ...]
    fix: str


_EXTRAS: Final = (
    _Extra(
        name="chromium-trust",
        what="certutil, so that Chromium and other NSS programs trust the box's certificates",
        programs=("certutil",),
        fix="`sudo apt-get install libnss3-tools` (only needed for browsers and Electron apps).",
    ),
)


def examine() -> Iterator[Check]:
    """Try each step of building a box, then what helps beside it."""
    taken: list[str] = []
    problem: BoxUnavailable | None = None
    notes: tuple[str, ...] = ()
    try:
        notes = _build_and_use(taken)
    except BoxUnavailable as error:
        problem = error
    yield from _box_checks(taken, problem, notes)
    yield _engine_check()
    yield from _extra_checks()


def _build_and_use(taken: list[str]) -> tuple[str, ...]:
    """Build a box and run `true` in it; fills `taken` with the steps that were reached."""
    watcher = SocketWatcher.fork()
    plan = plan_box(Wishes(command=["true"], scratch=scratch_directory()))
    code = seccomp.program()
    intake = watcher.intake.fileno()
    box: Box | None = None
    try:
        box = Box.build(plan, lambda role: seccomp.install_and_hand_over(code, intake, role), taken.append)
        authority = make_ca()
        notes = write_files(plan, authority.certificate_pem, authority.subject)
        box.furnish(taken.append)
        taken.append("seccomp")
        _run_true(box)
        return plan.notes + notes + box.notes
    finally:
        if box is not None:
            box.close()
        watcher.stop()


def _run_true(box: Box) -> None:
    try:
        program = box.spawn(["true"], role="app")
    except OSError as error:
        raise failure("seccomp", error.errno or 0, str(error)) from error
    ended = program.wait(_TRUE_S)
    status = program.status
    program.close()
    if not ended or status != "exit 0":
        raise failure("seccomp", 0, f"a watched `true` ended with {status!r}")


def _box_checks(taken: list[str], problem: BoxUnavailable | None, notes: tuple[str, ...]) -> Iterator[Check]:
    for step in STEPS:
        if step.name not in taken:
            if step.name == "user-namespace" and os.geteuid() == 0:
                yield Check(name=step.name, what=step.what, outcome="ok", detail="not needed by root")
            else:
                yield Check(name=step.name, what=step.what, outcome="not tried")
        elif problem is not None and step.name == taken[-1]:
            yield Check(
                name=step.name, what=step.what, outcome="missing", detail=problem.what, fix=problem.fix
            )
        else:
            yield Check(name=step.name, what=step.what, outcome="ok")
    for note in notes:
        yield Check(name="assurance", what="the box stands, with less than full assurance", outcome="reduced",
                    detail=note)  # fmt: skip


def _engine_check() -> Check:
    what = "llama.cpp for the reference run"
    if shutil.which("llama-server") or importlib.util.find_spec("xllamacpp"):
        return Check(name="reference", what=what, outcome="ok")
    return Check(
        name="reference", what=what, outcome="reduced",
        fix="Install xllamacpp into audit's environment, or put llama-server on PATH.",
    )  # fmt: skip


def _extra_checks() -> Iterator[Check]:
    for extra in _EXTRAS:
        found = all(shutil.which(program) for program in extra.programs)
        yield Check(
            name=extra.name,
            what=extra.what,
            outcome="ok" if found else "reduced",
            fix="" if found else extra.fix,
        )
