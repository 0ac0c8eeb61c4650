"""The auto driver finds the way an app can be used."""

from __future__ import annotations

from auditor.drivers.auto import drive
from auditor.model.markers import contains_marker


def proven(stage):
    text = {index: text for index, text, _ in stage.only("answer")}
    return [contains_marker(text.get(prompt.index, ""), prompt.marker) for prompt in stage.prompts]


def test_a_server(stage, openai_server):
    on = stage(openai_server())
    drive(on)
    assert all(proven(on))


def test_a_place_for_the_prompt(stage):
    on = stage("print('called', [w for w in '{prompt}'.split() if '-' in w])")
    drive(on)
    assert proven(on)[0]


def test_a_program_that_reads(stage):
    on = stage("""
        import sys
        for line in sys.stdin:
            print([w for w in line.split() if "-" in w], flush=True)
    """)
    drive(on)
    assert all(proven(on))


def test_a_server_with_a_console_is_used_by_its_api(stage, openai_server):
    console = "import threading, sys\nthreading.Thread(target=sys.stdin.read, daemon=True).start()\n"
    on = stage(console + openai_server())
    drive(on)
    assert any("OpenAI-compatible API on port" in text for (text,) in on.only("say"))
    assert all(proven(on))


def test_a_program_that_offers_no_way(stage):
    on = stage("print('done')")
    drive(on)
    assert on.only("gap") == [("The app ended before it opened an API, so it was given no prompt.", True)]
    assert on.only("answer") == []
    assert on.phases == ["start", "settle"]
