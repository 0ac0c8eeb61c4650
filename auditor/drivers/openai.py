"""Driver `openai`: any server with an OpenAI-compatible API, plain and streamed."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from auditor.drivers.discovery import Finder
from auditor.drivers.stage import idle
from auditor.drivers.stage import launch
from auditor.drivers.stage import settle
from auditor.model.run import PhaseName
from auditor.openai_api import Api
from auditor.openai_api import ApiError

if TYPE_CHECKING:
    from auditor.drivers.discovery import Found
    from auditor.drivers.stage import Stage
    from auditor.model.prompt import Prompt


def drive(stage: Stage) -> None:
    """Start the server, find its API, and talk to it."""
    launch(stage)
    finder = Finder(stage)
    stage.wait(stage.pace.ready, lambda: finder.look() or not stage.box_alive())
    if finder.found is None:
        missing(stage, finder)
        settle(stage)
    else:
        use(stage, finder.found)


def missing(stage: Stage, finder: Finder) -> None:
    """Write down why there was no API to talk to."""
    if finder.locked:
        refused = "refused the key" if stage.api_key else "wants a key"
        why = f"The API on port {finder.locked} {refused}"
    elif not stage.box_alive():
        why = "The app ended before it opened an API"
    elif finder.ports:
        listed = ", ".join(map(str, finder.ports))
        why = f"The app listens on port {listed}, but none of them speaks the OpenAI-compatible API"
    else:
        why = f"The app opened no port within {stage.pace.ready:g} s"
    stage.gap(f"{why}, so it was given no prompt.", blinds=True)
    stage.say(f"{why}; try {'--api-key' if finder.locked else '--url'}, --driver manual, or --driver none.")


def use(stage: Stage, found: Found) -> None:
    """Talk to an API that is up."""
    stage.say(f"Found an OpenAI-compatible API on port {found.port}, model {found.model}.")
    idle(stage)
    stage.begin(PhaseName.PROMPT)
    for prompt in stage.prompts:
        if not _talk(stage, found, prompt):
            break
    settle(stage)


def _talk(stage: Stage, found: Found, prompt: Prompt) -> bool:
    """Give one prompt; False when there is no use in another."""
    stage.prompt_sent(prompt)
    began = time.monotonic()
    text, error = _ask(stage, found, prompt)
    seconds = time.monotonic() - began
    stage.answer(prompt, text, seconds, error)
    if not error:
        return True
    stage.say(error)
    # A moment for a process that is just dying; and who let the time run out once will do so again.
    died = stage.wait(stage.pace.quiet, lambda: not stage.box_alive())
    return not died and seconds < stage.pace.answer


def _ask(stage: Stage, found: Found, prompt: Prompt) -> tuple[str, str]:
    """(answer, error sentence); every second prompt is streamed, as chat windows do."""
    api = dataclasses.replace(found.api, timeout_s=min(stage.pace.answer, stage.remaining()))
    try:
        return _said(api, found.model, prompt), ""
    except ApiError as error:
        return "", f"Prompt {prompt.index} got no answer: {error}."


def _said(api: Api, model: str, prompt: Prompt) -> str:
    stream = prompt.index % 2 == 0
    try:
        text = api.chat(model, prompt.text, stream=stream).text
        # A server that does not stream may answer plainly, in which no event is found.
        return text if text or not stream else api.chat(model, prompt.text).text
    except ApiError as error:
        if not error.unsupported:
            raise
    # A completion continues its text; the line end says that the prompt is over.
    return api.complete(model, prompt.text + "\n").text
