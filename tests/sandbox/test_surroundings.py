from __future__ import annotations

import errno
import os
from dataclasses import replace

import pytest

from auditor.sandbox import steps
from auditor.sandbox import surroundings
from auditor.sandbox.surroundings import Surroundings
from auditor.sandbox.surroundings import exact_fix

PLAIN = Surroundings()
MOUNTS = """\
1 0 0:1 / / rw - {root} x rw
2 1 0:2 / /var rw - ext4 x rw
3 2 0:3 / /var/tmp/inner rw - tmpfs x rw
"""


def test_an_ordinary_machine(tmp_path):
    assert Surroundings.now(tmp_path) == PLAIN


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (".dockerenv", "", replace(PLAIN, container=True)),
        ("run/.containerenv", "", replace(PLAIN, container=True)),
        ("proc/1/environ", "PATH=/bin\0container=podman\0", replace(PLAIN, container=True)),
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", replace(PLAIN, restricted=True)),
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0\n", PLAIN),
        ("proc/sys/kernel/unprivileged_userns_clone", "0\n", replace(PLAIN, cloned=False)),
        ("proc/sys/kernel/unprivileged_userns_clone", "1\n", PLAIN),
        ("proc/self/status", "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n", replace(PLAIN, filtered=True)),
        ("proc/self/status", "Name:\tx\nSeccomp:\t0\n", PLAIN),
        ("proc/self/mountinfo", "1 0 0:1 / / rw - overlay x rw\n", replace(PLAIN, layered=True)),
        ("proc/self/mountinfo", MOUNTS.format(root="overlay"), PLAIN),
    ],
)
def test_what_is_seen(tmp_path, path, text, found):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert Surroundings.now(tmp_path) == found


@pytest.mark.parametrize(
    ("step", "number", "around", "fix"),
    [
        ("user-namespace", errno.EPERM, {"container": True, "filtered": True}, "docker run --security-opt seccomp=unconfined"),
        ("mounts", errno.EPERM, {"container": True}, "systempaths=unconfined"),
        ("mounts", errno.EINVAL, {"container": True, "layered": True}, "`--volume /var/tmp`"),
        ("user-namespace", errno.EPERM, {"cloned": False}, "kernel.unprivileged_userns_clone=1"),
        ("network-namespaces", errno.EPERM, {"restricted": True}, "audit doctor --apparmor-profile"),
        ("user-namespace", errno.EACCES, {"restricted": True}, "apparmor_parser --replace"),
        ("user-namespace", errno.EPERM, {"filtered": True}, "A seccomp filter that was here before us"),
        ("user-namespace", errno.EPERM, {}, ""),
        ("tproxy", errno.ENOENT, {"container": True}, ""),
        ("no-such-step", errno.EPERM, {"container": True}, ""),
    ],
)  # fmt: skip
def test_the_fix_for_what_was_seen(monkeypatch, step, number, around, fix):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    said = exact_fix(step, number, Surroundings(**around))
    assert (fix in said) if fix else said == ""


def test_a_failed_step_asks_for_it(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(surroundings.Surroundings, "now", lambda: Surroundings(restricted=True))
    assert "--apparmor-profile" in steps.failure("network-namespaces", errno.EPERM, "").fix
    assert "modprobe" in steps.failure("tproxy", errno.ENOENT, "").fix
