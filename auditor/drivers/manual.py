"""Driver `manual`: the user uses the app, and says with Ctrl-C that it is enough.

Not supervised use: what the user types is unknown here; the prompts with markers are only suggested.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from auditor.drivers.stage import launch
from auditor.drivers.stage import settle
from auditor.drivers.terminal import answer_in
from auditor.model.markers import contains_marker
from auditor.model.run import PhaseName

if TYPE_CHECKING:
    from auditor.drivers.stage import Stage
    from auditor.model.prompt import Prompt


def drive(stage: Stage) -> None:
    """Start the app, show how to reach it and what to type, and wait for Ctrl-C or its end."""
    launch(stage)
    for port, host_port in stage.published:
        _publish(stage, port, host_port)
    stage.begin(PhaseName.PROMPT)
    began, seen = time.monotonic(), len(stage.output())
    _suggest(stage)
    try:
        stage.wait(stage.remaining(), lambda: not stage.box_alive())
        stage.say("The app has ended.")
    except KeyboardInterrupt:
        stage.say("The use has ended; press Ctrl-C again to leave without a judgement.")
    texts = [_told(stage, seen, prompt) for prompt in stage.prompts]
    shown = [_showing(told, prompt) for told, prompt in zip(texts, stage.prompts, strict=True)]
    for prompt, told, answer in zip(stage.prompts, texts, shown, strict=True):
        # Nobody knows which prompts were typed. Where one is proven, silence of the others is no answer.
        text = answer if any(shown) else "\n".join(filter(None, told))
        stage.answer(prompt, text, time.monotonic() - began)
    settle(stage)


def _told(stage: Stage, seen: int, prompt: Prompt) -> list[str]:
    """All that was said on the terminal and in windows, less the prompt itself."""
    from auditor.parse.web_answer import texts as texts_in  # noqa: PLC0415 - the app need not wait for it

    said = [text.encode() for sent in stage.heard() for text in texts_in(sent)]
    return [answer_in(text, prompt.text) for text in (stage.output(seen), *said)]


def _showing(told: list[str], prompt: Prompt) -> str:
    """The text in which the prompt's marker came back."""
    return next((text for text in told if contains_marker(text, prompt.marker)), "")


def _publish(stage: Stage, port: int, host_port: int) -> None:
    try:
        taken = stage.publish(port, host_port)
    except OSError as error:
        stage.gap(
            f"Port {port} of the app could not be published on port {host_port}: {error.strerror}.",
            blinds=False,
        )
        return
    stage.say(f"Open http://127.0.0.1:{taken} to reach port {port} of the app.")


def _suggest(stage: Stage) -> None:
    stage.say("Type these into the app, then press Ctrl-C to end its use:")
    for prompt in stage.prompts:
        stage.prompt_sent(prompt)
        stage.say(f"  {prompt.text}")
