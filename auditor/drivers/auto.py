"""Driver `auto`: watch what the app does, and use it in the way that it offers.

Not a guess from names: an app is used by `argv` when its command has a place for the prompt, by
`openai` when it opens such an API, by `stdin` when it sleeps in a read of its standard input.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from auditor.drivers.stage import launch
from auditor.drivers.stage import settle

if TYPE_CHECKING:
    from auditor.drivers.stage import Stage

STEADY_S = 1.5
"""So long must an app wait for input before it is taken to want a prompt."""


def drive(stage: Stage) -> None:
    """Start the app and use it, or write down that it offered no way to."""
    if stage.prompt_in_command:
        from auditor.drivers import argv  # noqa: PLC0415

        argv.drive(stage)
        return
    launch(stage, stdin=True)
    from auditor.drivers import openai  # noqa: PLC0415 - what the app need not wait for
    from auditor.drivers import stdin  # noqa: PLC0415

    watch = _Watch(stage)
    stage.wait(stage.pace.ready, watch.decided)
    if watch.finder.found is not None:
        openai.use(stage, watch.finder.found)
    elif watch.reads:
        stage.say("The app reads its standard input.")
        stdin.use(stage)
    else:
        openai.missing(stage, watch.finder)
        settle(stage)


class _Watch:
    """What an app offers after it was started."""

    def __init__(self, stage: Stage) -> None:
        from auditor.drivers.discovery import Finder  # noqa: PLC0415

        self._stage = stage
        self._wanted_since: float | None = None
        self.finder = Finder(stage)
        self.reads = False
        """It waits for input, and not just for a moment."""

    def decided(self) -> bool:
        """There is a way to use it, or never will be."""
        return self.finder.look() or self._reads() or not self._stage.box_alive()

    def _reads(self) -> bool:
        now = time.monotonic()
        if not self._stage.stdin_wanted():
            self._wanted_since = None
        elif self._wanted_since is None:
            self._wanted_since = now
        # A server may read its console too; its API is the better door.
        steady = self._wanted_since is not None and now - self._wanted_since > STEADY_S
        self.reads = steady and not self.finder.pending
        return self.reads
