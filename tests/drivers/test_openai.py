"""The openai driver against a real server on the loopback."""

from __future__ import annotations

import dataclasses
import re

from auditor.drivers.openai import drive
from auditor.model.markers import contains_marker


def all_answered(stage):
    said = {index: text for index, text, error in stage.only("answer") if not error}
    return all(contains_marker(said.get(prompt.index, ""), prompt.marker) for prompt in stage.prompts)


def patient(stage, **changes):
    stage.pace = dataclasses.replace(stage.pace, **changes)
    return stage


def test_finds_the_server_and_asks_plainly_and_streamed(stage, openai_server):
    on = stage(openai_server())
    drive(on)
    assert all_answered(on)
    assert on.phases == ["start", "idle", "prompt", "settle"]
    assert [index for (index,) in on.only("sent")] == [1, 2, 3]
    assert all("talker heard" in text for _, text, _ in on.only("answer"))


def test_waits_for_a_server_that_is_slow_to_start(stage, openai_server):
    on = stage(openai_server(LATE=1.0))
    drive(on)
    assert all_answered(on)


def test_finds_another_prefix(stage, openai_server):
    on = stage(openai_server(PREFIX="/api/v1"))
    drive(on)
    assert all_answered(on)


def test_url_names_port_and_prefix(stage, openai_server):
    on = stage(openai_server(PORT=23_517, PREFIX="/deep/v7"), url="http://localhost:23517/deep/v7")
    drive(on)
    assert all_answered(on)


def test_falls_back_to_text_completions(stage, openai_server):
    on = stage(openai_server(CHAT=False))
    drive(on)
    assert all_answered(on)


def test_a_server_that_does_not_stream(stage, openai_server):
    on = stage(openai_server(STREAM=False))
    drive(on)
    assert all_answered(on)


def test_uses_the_key(stage, openai_server):
    on = stage(openai_server(KEY="sesame"), api_key="sesame")
    drive(on)
    assert all_answered(on)


def test_says_that_a_key_is_wanted(stage, openai_server):
    on = patient(stage(openai_server(KEY="sesame")), ready=1.5)
    drive(on)
    [(text, blinds)] = on.only("gap")
    assert blinds
    assert re.fullmatch(r"The API on port \d+ wants a key, so it was given no prompt\.", text)
    assert on.phases == ["start", "settle"]


def test_reports_a_prompt_that_is_too_long(stage, openai_server):
    on = stage(openai_server(CONTEXT=10))
    drive(on)
    assert {error for _, _, error in on.only("answer")} == {
        f"Prompt {n} got no answer: the server answered 400: the request exceeds the context size."
        for n in (1, 2, 3)
    }


def test_gives_up_on_an_app_that_never_answers(stage, openai_server):
    on = patient(stage(openai_server(DELAY=60)), answer=0.3)
    drive(on)
    assert on.only("answer") == [(1, "", "Prompt 1 got no answer: no answer came in time.")]


def test_an_app_that_exits_at_once(stage):
    on = stage("raise SystemExit(3)")
    drive(on)
    assert on.only("gap") == [("The app ended before it opened an API, so it was given no prompt.", True)]


def test_an_app_that_opens_no_port(stage):
    on = patient(stage("import time; time.sleep(60)"), ready=0.5)
    drive(on)
    assert on.only("gap") == [("The app opened no port within 0.5 s, so it was given no prompt.", True)]


def test_a_port_that_speaks_something_else(stage):
    on = patient(
        stage("""
        import socket
        server = socket.create_server(("127.0.0.1", 24680))
        while True:
            server.accept()[0].sendall(b"220 mail.example ESMTP\\r\\n")
    """),
        ready=1.0,
    )
    drive(on)
    [(text, blinds)] = on.only("gap")
    assert blinds
    assert "listens on port 24680, but none of them speaks" in text


def test_stops_asking_when_the_app_has_died(stage, openai_server):
    dying = openai_server().replace("time.sleep(DELAY)", "import os; os._exit(1)")
    on = stage(dying)
    drive(on)
    [(index, text, error)] = on.only("answer")
    assert (index, text) == (1, "")
    assert error.startswith("Prompt 1 got no answer:")
