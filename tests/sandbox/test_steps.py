from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from auditor.errors import BoxUnavailable
from auditor.sandbox import steps
from auditor.sandbox import surroundings

SANDBOX = Path(steps.__file__).parent


@pytest.fixture(autouse=True)
def _anywhere(monkeypatch):
    """Nothing special is known of this machine."""
    monkeypatch.setattr(surroundings, "exact_fix", lambda _step, _number: "")


@pytest.mark.parametrize("step", steps.STEPS, ids=lambda step: step.name)
def test_every_refusal_has_a_fix(step):
    for number in (0, errno.EPERM, errno.EACCES, errno.ENOSPC, 9999):
        error = steps.failure(step.name, number, "")
        assert isinstance(error, BoxUnavailable)
        assert step.what in error.what
        assert step.name in error.what
        assert error.fix == step.fixes.get(number, step.fixes[0])
        assert error.fix


@pytest.mark.parametrize(
    ("name", "number", "fix"),
    [
        ("user-namespace", errno.ENOSPC, "user.max_user_namespaces"),
        ("user-namespace", errno.EPERM, "kernel.unprivileged_userns_clone=1"),
        ("network-namespaces", errno.EPERM, "apparmor_restrict_unprivileged_userns"),
        ("tproxy", errno.ENOENT, "modprobe"),
        ("scratch", errno.ENOSPC, "Make room"),
    ],
)
def test_known_causes_have_their_own(name, number, fix):
    assert fix in steps.failure(name, number, "").fix


def test_the_kernels_words_are_quoted():
    assert (
        ": mount overlay on /x: Invalid argument."
        in steps.failure("mounts", errno.EINVAL, "mount overlay on /x: Invalid argument").what
    )
    assert "No space left on device" in steps.failure("mounts", errno.ENOSPC, "").what


def test_a_step_that_nobody_knows_is_still_a_sentence():
    assert str(steps.failure("start", 0, "it died")) == (
        "The box cannot be built: the step start failed: it died. Run `audit doctor`."
    )


def test_every_step_that_is_taken_is_known():
    taken = set()
    for path in SANDBOX.glob("*.py"):
        taken |= set(re.findall(r'(?:_enter|on_step|step)\("([a-z-]+)"\)', path.read_text()))
    assert taken == {step.name for step in steps.STEPS} - {"seccomp"}
