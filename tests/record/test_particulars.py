from __future__ import annotations

from pathlib import Path

from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.run import Assurance
from auditor.record import particulars
from auditor.record.settings import Settings
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box

SETTINGS = Settings(command=("sh", "-c", "true"), out=Path("unused"))


def plan():
    return plan_box(Wishes(command=["sh"], scratch=scratch_directory()))


def test_the_first_line_says_what_is_about_to_be_recorded():
    box = plan()
    full = particulars.opened("r1", 0.0, SETTINGS, box, ())
    assert (full.id, full.started, full.command) == ("r1", "1970-01-01T00:00:00Z", ("sh", "-c", "true"))
    assert (full.assurance, full.home, full.resolvers) == (
        Assurance.FULL, box.environment["HOME"], box.network.resolvers,
    )  # fmt: skip
    reduced = particulars.opened("r1", 0.0, SETTINGS, box, ("No overlay.",))
    assert (reduced.assurance, reduced.reduced_by) == (Assurance.REDUCED, ("No overlay.",))


def test_a_canary_is_written_down_whole():
    canary = Canary(id="prompt-1", kind=CanaryKind.PROMPT, value="x", planted_in="prompt 1", context="say x")
    line = particulars.planted(canary)
    assert (line.id, line.canary, line.value, line.planted_in, line.context) == (
        "prompt-1", "prompt", "x", "prompt 1", "say x",
    )  # fmt: skip


def test_the_manifest_says_how_it_ended_and_on_what():
    facts = particulars.manifest("r1", 0.0, SETTINGS, plan(), "exit 0")
    assert (facts["id"], facts["command"], facts["app_status"]) == ("r1", ["sh", "-c", "true"], "exit 0")
    assert facts["duration_s"] > 0
    assert set(facts["host"]) == {"kernel", "machine", "python", "root"}
