"""The none driver types nothing."""

from __future__ import annotations

import time

from auditor.drivers.none import drive


def test_watches_and_types_nothing(stage):
    on = stage("import time; time.sleep(60)")
    drive(on)
    assert on.log == [("phase", "start"), ("phase", "idle"), ("phase", "settle")]
    assert on.app_running()


def test_does_not_wait_for_an_app_that_has_ended(stage):
    on = stage("pass")
    on.pace = type(on.pace)()
    began = time.monotonic()
    drive(on)
    assert time.monotonic() - began < on.pace.start
