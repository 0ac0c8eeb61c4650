from __future__ import annotations

import hashlib

import pytest

from auditor.classify.case import classify
from auditor.classify.search.responses import PASSAGE
from auditor.classify.search.responses import passages
from auditor.model import observation as o
from auditor.model.flow import Purpose

MARKER = "velka-zofin-4821"
PROMPT = f"My project is called {MARKER}. What is my project called?"
STORY = "Once there was a small fox called Amir, who went to the school to look for a silver coin."


def said(run, text: str, index: int = 1, **changes) -> None:
    prompt = PROMPT.replace("4821", f"482{index}")
    run.write(o.PromptSent(role="app", index=index, text=prompt, canary=f"prompt-{index}"))
    values = {"contains_marker": True, "contains_expected": None, "vouched": False, "seconds": 1.0}
    run.write(o.AnswerReceived(**{"role": "app", "index": index, "text": text, **values, **changes}))


def reports(run) -> dict[str, list]:
    return {one.canary.id: list(one.found) for one in classify(run.seal()).canaries}


@pytest.fixture
def flow(run):
    return run.flow("10.1")


def test_an_answer_that_leaves_is_a_leak_of_its_own(run, flow):
    said(run, f"{MARKER}: {STORY}")
    run.request(flow, "https://x.example/trace", {"output": STORY})
    case = classify(run.seal())
    (report,) = case.canaries
    assert (report.canary.id, report.canary.planted_in) == ("response-1", "the answer to prompt 1")
    (sighting,) = report.found
    assert sighting.extent.endswith("passages")
    assert case.flows[0].purpose is Purpose.RESPONSE_LEAK


def test_a_part_of_it_is_enough(run, flow):
    said(run, STORY * 3)
    run.request(flow, "https://x.example/trace", {"output": (STORY * 3)[33 : 33 + 2 * PASSAGE - 1]})
    assert reports(run)["response-1"]


def test_the_prompt_repeated_is_no_answer():
    assert list(passages(f"You said: {PROMPT} Yes.", [PROMPT])) == []
    assert list(passages(PROMPT.replace(" ", "\n  ").upper(), [PROMPT])) == []
    assert list(passages("-" * 200, [])) == []
    assert list(passages("short", [])) == []


@pytest.mark.parametrize(
    "line",
    [
        "https://raw.example.org/vendor/package/main/prices_and_context_window.json",
        "22:10:01 - vendor:get_map.py:248 - failed to fetch the remote map of prices, using the local one",
        "2026-11-21T10:00:00Z starting the collector of statistics with batches of twenty",
        "WARNING: the collector of statistics could not be reached, trying again in a minute",
        "/opt/app/lib.py:12: DeprecationWarning: the function chat is going to be removed in the next one",
    ],
)
def test_what_a_program_prints_beside_its_answer_is_not_the_models(run, flow, line):
    assert list(passages(f"{line}\nIt is {MARKER}.", [])) == []
    assert list(passages(f"{line}\n{STORY}", [])) == list(passages(STORY, []))
    said(run, f"{line}\nIt is {MARKER}.")
    run.request(flow, "https://x.example/collect", {"output": line})
    assert not reports(run)["response-1"]


def test_what_every_answer_says_tells_nothing(run, flow):
    for index in (1, 2):
        said(run, "I am a helpful assistant and run on your own machine alone.", index)
    run.request(
        flow, "https://x.example/e", {"t": "I am a helpful assistant and run on your own machine alone."}
    )
    assert reports(run) == {}


@pytest.mark.parametrize("changes", [{"contains_marker": False}, {"error": "no answer"}])
def test_what_is_not_proven_to_be_an_answer_is_none(run, flow, changes):
    said(run, STORY, **changes)
    run.request(flow, "https://x.example/e", {"t": STORY})
    assert reports(run) == {}


def test_the_user_may_prove_it(run, flow):
    said(run, STORY, contains_marker=False, vouched=True)
    run.request(flow, "https://x.example/e", {"t": STORY})
    assert reports(run)["response-1"]


def test_the_digest_of_a_short_answer(run, flow):
    said(run, f"You mean {MARKER}.")
    run.request(
        flow, "https://x.example/e", {"id": hashlib.sha256(f"You mean {MARKER}.".encode()).hexdigest()}
    )
    (sighting,) = reports(run)["response-1"]
    assert sighting.encoding == ("hex", "sha256")
    assert sighting.extent == ""
