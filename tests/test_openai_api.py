"""The API client against recorded, cut and hostile answers; no server is needed for one socket."""

from __future__ import annotations

import contextlib
import json
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.openai_api import Api
from auditor.openai_api import ApiError
from auditor.openai_api import Reply


@contextlib.contextmanager
def api(answer, **options):
    """An API whose server has written `answer` already, and closed unless told otherwise."""
    ours, theirs = socket.socketpair()
    theirs.sendall(answer)
    if not options.pop("keep_open", False):
        theirs.shutdown(socket.SHUT_WR)
    with ours, theirs:
        yield Api(connect=lambda: ours, **{"timeout_s": 5.0, **options}), theirs


def http(body, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n".encode() + body


def message(content):
    return json.dumps(
        {"choices": [{"message": {"content": content}}], "timings": {"predicted_per_second": 9}}
    ).encode()


CALLS = {
    "models": lambda client: client.models(),
    "chat": lambda client: client.chat("m", "x"),
    "stream": lambda client: client.chat("m", "x", stream=True),
    "complete": lambda client: client.complete("m", "x"),
}


def test_the_request():
    with api(http(message("hello")), key="k", prefix="/p") as (client, server):
        assert client.chat("m", "hi") == Reply(text="hello", tokens_per_second=9.0)
        head, _, body = server.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /p/chat/completions HTTP/1.1\r\n")
    assert b"Authorization: Bearer k" in head
    assert json.loads(body)["messages"] == [{"role": "user", "content": "hi"}]


def test_content_in_parts():
    with api(http(message([{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}]))) as (client, _):
        assert client.chat("m", "hi").text == "ab"


def test_models():
    with api(http(b'{"data": [{"id": "a"}, {"id": "b"}, {}]}')) as (client, _):
        assert client.models() == ("a", "b")


def test_a_stream_cut_anywhere():
    events = b'data: {"choices":[{"delta":{"content":"a"}}]}\r\n\r\n: ping\n\ndata:{"choices":[{"delta":{"content":"b"}}]}\n\n'
    with api(http(events + b"data: [DONE]\n\ndata: not read any more\n\n")) as (client, _):
        assert client.chat("m", "hi", stream=True).text == "ab"


@pytest.mark.parametrize(
    ("answer", "text", "status"),
    [
        (b"", "the answer was no HTTP (RemoteDisconnected)", 0),
        (b"220 mail ESMTP\r\n", "the answer was no HTTP (BadStatusLine)", 0),
        (http(b"<html>"), "the answer was no JSON", 200),
        (http(b"[]"), "the answer has no `choices` with a text in it", 0),
        (http(b'{"error": {"message": "too long."}}', "400 Bad"), "the server answered 400: too long", 400),
        (http(b'{"detail": "Not Found"}', "404 No"), "the server answered 404: Not Found", 404),
        (http(b"one\ntwo", "502 Bad"), "the server answered 502: one two", 502),
    ],
)
def test_refusals(answer, text, status):
    with api(answer) as (client, _), pytest.raises(ApiError) as caught:
        client.chat("m", "hi")
    assert (str(caught.value), caught.value.status) == (text, status)


def test_an_error_inside_a_stream():
    with (
        api(http(b'data: {"error": {"message": "out of memory"}}\n\n')) as (client, _),
        pytest.raises(ApiError, match="the server reported: out of memory"),
    ):
        client.chat("m", "hi", stream=True)


def test_nobody_listens():
    def refuse():
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(ApiError, match="Connection refused"):
        Api(connect=refuse).models()


def test_silence_ends_in_time():
    with api(http(b"{"), timeout_s=0.2, keep_open=True) as (client, _):
        began = time.monotonic()
        with pytest.raises(ApiError, match="no answer came in time"):
            client.models()
    assert time.monotonic() - began < 2


def test_an_endless_answer_is_cut(monkeypatch):
    monkeypatch.setattr("auditor.http_exchange.LONGEST_ANSWER", 1000)
    with api(http(b" " * 50_000)) as (client, _), pytest.raises(ApiError, match="longer than"):
        client.models()


@given(st.binary(max_size=300), st.sampled_from(["models", "chat", "stream", "complete"]), st.booleans())
def test_any_bytes(data, call, framed):
    with api(http(data) if framed else data) as (client, _), contextlib.suppress(ApiError):
        CALLS[call](client)


FIELDS = ["choices", "message", "delta", "content", "text", "timings", "error", "data", "id"]
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
)


@given(JSON, st.sampled_from(["models", "chat", "stream", "complete"]))
def test_any_json(value, call):
    body = json.dumps(value).encode()
    answer = http(b"data: " + body + b"\n\n" if call == "stream" else body)
    with api(answer) as (client, _), contextlib.suppress(ApiError):
        CALLS[call](client)
