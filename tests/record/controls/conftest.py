from __future__ import annotations

import pytest

from auditor.errors import BoxUnavailable
from auditor.internet.ca import make_ca
from auditor.record.controls.sending import errand
from auditor.sandbox.box import Box
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box
from auditor.sandbox.prepare import write_files


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A real box without observers, which the control's errand can be sent to."""
    monkeypatch.chdir(tmp_path)
    plan = plan_box(Wishes(command=["sh"], scratch=scratch_directory()))
    try:
        made = Box.build(plan, hand_over=lambda _role: None, errand=errand)
    except BoxUnavailable as error:
        pytest.skip(str(error))
    try:
        authority = make_ca()
        write_files(plan, authority.certificate_pem, authority.subject)
        made.furnish()
        yield made
    finally:
        made.close()
