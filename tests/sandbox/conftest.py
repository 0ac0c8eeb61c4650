from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.errors import BoxUnavailable
from auditor.internet.ca import make_ca
from auditor.sandbox.box import Box
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box
from auditor.sandbox.prepare import write_files


@dataclass
class Standing:
    """A box without seccomp and without an internet, for tests of the box alone."""

    box: Box

    def run(self, *argv: str, timeout_s: float = 20, **how: object) -> tuple[str, str]:
        """(status, output) of a program."""
        program = self.box.spawn(argv, role="app", **how)
        output = bytearray()
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not select.select([program.output], [], [], 0.1)[0]:
                if not program.running:
                    break
                continue
            try:
                chunk = os.read(program.output, 65536)
            except OSError:  # the terminal's last user closed it
                break
            if not chunk:
                break
            output += chunk
        program.wait(max(0.0, deadline - time.monotonic()))
        status = program.status
        program.close()
        return status, output.decode(errors="replace")

    def python(self, source: str, **how: object) -> tuple[str, str]:
        return self.run(sys.executable, "-I", "-c", source, **how)


def build(base: Path = Path("/var/tmp"), **wishes: object) -> Box:
    plan = plan_box(Wishes(command=[sys.executable], scratch=scratch_directory(base), **wishes))
    box = Box.build(plan, hand_over=lambda _role: None)
    authority = make_ca()
    assert write_files(plan, authority.certificate_pem, authority.subject) == ()
    box.furnish()
    return box


@pytest.fixture
def make_box() -> Iterator[Callable[..., Standing]]:
    made: list[Box] = []

    def make(**wishes: object) -> Standing:
        try:
            box = build(**wishes)
        except BoxUnavailable as error:
            pytest.skip(str(error))
        made.append(box)
        return Standing(box)

    yield make
    for box in made:
        box.close()
        assert not Path(box.plan.scratch).exists()


@pytest.fixture
def standing(make_box: Callable[..., Standing]) -> Standing:
    return make_box()
