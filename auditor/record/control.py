"""Runs the positive control in the box: proof that what is sent there is seen.

Not the proof itself: whether each value was seen is derived from the journal by
`auditor.classify.coverage`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from auditor.evidence.journal import Journal
from auditor.model.canary import Canary
from auditor.model.observation import ControlSent
from auditor.record.output import Output
from auditor.record.planting import control_canaries
from auditor.sandbox.box import Box

CHANNELS = ("dns", "tcp", "ipv6", "udp", "http", "https", "child", "file")
OFFLINE_CHANNELS = ("dns", "file")
"""What can be seen when the cable is pulled."""
_PROGRAM = Path(__file__).with_name("control_program.py")
_TIMEOUT_S = 30.0


def run_control(
    box: Box, journal: Journal, plant: Callable[[Canary], None], channels: tuple[str, ...]
) -> None:
    """Send one value over each channel and write down what the control program says of it."""
    canaries = dict(zip(channels, control_canaries(channels), strict=True))
    for canary in canaries.values():
        plant(canary)
    argv = [sys.executable, "-I", "-S", str(_PROGRAM)]
    argv += [f"{channel}={canary.value}" for channel, canary in canaries.items()]
    said = _results(box, argv)
    for channel, canary in canaries.items():
        ok, detail = said.get(channel, (False, "the control program did not come this far"))
        journal.write("control", ControlSent(channel=channel, token=canary.id, ok=ok, detail=detail))


def _results(box: Box, argv: list[str]) -> dict[str, tuple[bool, str]]:
    try:
        program = box.spawn(argv, role="control", terminal=False, cwd="/")
    except OSError as error:
        return {"": (False, str(error))}
    output = Output(program.output, None, on_change=lambda: None)
    program.wait(_TIMEOUT_S)
    program.kill()
    output.finish()
    text = output.since(0).decode(errors="replace")
    program.close()
    results = {}
    for line in text.splitlines():
        try:
            said = json.loads(line)
            results[said["channel"]] = (bool(said["ok"]), str(said["detail"]))
        except (ValueError, KeyError, TypeError):
            continue  # a warning of the interpreter
    return results
