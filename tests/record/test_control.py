from __future__ import annotations

import pytest

from auditor.model.canary import CanaryKind
from auditor.model.observation import ControlSent
from auditor.record.control import run_control

pytestmark = [
    pytest.mark.box,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


def test_each_channel_is_planted_used_and_written_down(box, journal, written):
    planted = []
    run_control(box, journal, planted.append, ("file", "tcp", "no-such-channel"))
    assert [(canary.id, canary.kind) for canary in planted] == [
        ("control-file", CanaryKind.CONTROL),
        ("control-tcp", CanaryKind.CONTROL),
        ("control-no-such-channel", CanaryKind.CONTROL),
    ]
    file, tcp, unknown = written(ControlSent)
    assert (file.channel, file.token, file.ok, file.detail) == ("file", "control-file", True, "")
    assert (tcp.channel, tcp.ok) == ("tcp", True)
    assert (unknown.ok, unknown.detail) == (False, "the control program did not come this far")


def test_what_it_writes_is_in_the_box_alone(box, journal):
    planted = []
    run_control(box, journal, planted.append, ("file",))
    (layer,) = [layer for layer in box.plan.layers if layer.mount == "/tmp"]
    assert (box.plan.scratch / layer.upper / f"{planted[0].value}.txt").read_text() == planted[0].value


def test_a_box_that_is_gone_is_no_success(box, journal, written):
    box.close()
    run_control(box, journal, lambda _canary: None, ("file",))
    assert [control.ok for control in written(ControlSent)] == [False]
