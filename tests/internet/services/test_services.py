"""The table: who answers what, and that every answer is what a client can read."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator

import pytest

from auditor.internet.services import SERVICES
from auditor.internet.services import Table
from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Request
from auditor.internet.services.contract import Service
from auditor.internet.services.contract import always

CALLS = [
    ("us.i.posthog.com", "POST", "/batch/", "posthog"),
    ("a.promptfoo.app", "POST", "/batch/", "posthog"),
    ("ph.example.io", "POST", "/decide/", "posthog"),
    ("o1.ingest.sentry.io", "POST", "/api/42/envelope/", "sentry"),
    ("telemetry.crewai.com", "POST", "/v1/traces", "otlp"),
    ("cloud.langfuse.com", "POST", "/api/public/otel/v1/traces", "otlp"),
    ("collector", "POST", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "grpc"),
    ("api.segment.io", "POST", "/v1/batch", "segment"),
    ("data.streamlit.io", "GET", "/metrics.json", "streamlit-config"),
    ("api.smith.langchain.com", "GET", "/info", "langsmith"),
    ("api.smith.langchain.com", "POST", "/runs/multipart", "langsmith"),
    ("huggingface.co", "HEAD", "/api/telemetry/py_client/initiated", "huggingface-telemetry"),
    ("huggingface.co", "GET", "/api/agent-harnesses", "huggingface-harnesses"),
    ("huggingface.co", "GET", "/api/models/a/b", "huggingface-api"),
    ("huggingface.co", "HEAD", "/a/b/resolve/main/config.json", "huggingface-resolve"),
    ("registry.ollama.ai", "GET", "/v2/library/x/manifests/latest", "ollama-registry"),
    ("packages.example", "GET", "/pypi/crewai/json", "pypi-json"),
    ("packages.example", "GET", "/simple/crewai/", "pypi-simple"),
    ("api.github.com", "GET", "/repos/a/b/releases/latest", "github-releases"),
    ("api.gradio.app", "GET", "/pkg-version", "gradio-version"),
    ("marimo.io", "GET", "/api/oss/latest-version", "update-feed"),
    ("api.promptfoo.dev", "GET", "/api/latestVersion", "update-feed"),
    ("versions-prod.lmstudio.ai", "GET", "/update/linux/x86/0.3.9", "update-feed"),
    ("raw.githubusercontent.com", "GET", "/a/b/main/model_prices_and_context_window.json", "price-map"),
    ("api.openai.com", "POST", "/v1/chat/completions", "openai-chat"),
    ("openrouter.ai", "POST", "/api/v1/chat/completions", "openai-chat"),
    ("x.openai.azure.com", "POST", "/openai/deployments/gpt/chat/completions", "openai-chat"),
    ("api.openai.com", "POST", "/v1/responses", "openai-responses"),
    ("api.openai.com", "POST", "/v1/embeddings", "openai-embeddings"),
    ("api.openai.com", "GET", "/v1/models", "openai-models"),
    ("api.anthropic.com", "POST", "/v1/messages", "anthropic-messages"),
    ("ollama.example", "POST", "/api/chat", "ollama"),
    (
        "generativelanguage.googleapis.com",
        "POST",
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        "gemini",
    ),
    ("checkip.amazonaws.com", "GET", "/", "public-ip"),
    ("www.gstatic.com", "GET", "/generate_204", "connectivity-check"),
    ("169.254.169.254", "PUT", "/latest/api/token", "cloud-metadata"),
    ("fonts.googleapis.com", "GET", "/css2", "fonts-css"),
    ("cdn.jsdelivr.net", "GET", "/npm/katex@0.16.22/dist/katex.min.css", "css"),
    ("anything.example", "GET", "/", "default"),
    ("anything.example", "BREW", "/pot", "default"),
]


def content(reply):
    return b"".join(reply.body) if isinstance(reply.body, Iterator) else reply.body


def ask(host, method, path, **fields):
    service = Table().find(host, method, path)
    return service.name, service.reply(Request(host=host, method=method, path=path, **fields))


@pytest.mark.parametrize(("host", "method", "path", "name"), CALLS)
def test_who_answers(host, method, path, name):
    served_by, reply = ask(host, method, path)
    assert served_by == name
    kinds = dict(reply.headers).get("Content-Type", "")
    body = content(reply)
    if kinds == "application/json" and not body.startswith(b")]}'"):
        json.loads(body)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"model": "m", "messages": [{"content": "SECRET"}]}),
        ("/v1/responses", {"model": "m", "input": "SECRET"}),
        ("/v1/messages", {"model": "m", "messages": [{"content": "SECRET"}]}),
        ("/api/chat", {"model": "m", "messages": [{"content": "SECRET"}]}),
        ("/v1/embeddings", {"input": ["SECRET", "SECRET"]}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_models_answer_and_never_echo(path, body, stream):
    sent = json.dumps({**body, "stream": stream}).encode()
    _, reply = ask("cloud.example", "POST", path, body=sent, headers={"authorization": "Bearer SECRET"})
    assert reply.status == 200
    said = content(reply)
    assert b"SECRET" not in said
    assert len(said) > 100


def test_openai_stream_is_server_sent_events():
    body = json.dumps({"stream": True}).encode()
    text = content(ask("api.openai.com", "POST", "/v1/chat/completions", body=body)[1]).decode()
    events = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    said = "".join(json.loads(each)["choices"][0]["delta"].get("content", "") for each in events[:-1])
    assert said.startswith("Thanks for the details.")


def test_compressed_request_bodies_are_understood():
    body = gzip.compress(json.dumps({"stream": True}).encode())
    _, reply = ask(
        "api.openai.com", "POST", "/v1/chat/completions", body=body, headers={"content-encoding": "gzip"}
    )
    assert isinstance(reply.body, Iterator)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b'{"stream": {"a": 1}, "model": 7}'])
def test_odd_bodies_are_answered(body):
    for path in ("/v1/chat/completions", "/v1/embeddings", "/v1/messages", "/api/generate"):
        for headers in ({}, {"content-encoding": "gzip"}):
            assert ask("c.example", "POST", path, body=body, headers=headers)[1].status == 200


def test_hub_says_no_in_its_own_words():
    _, reply = ask("huggingface.co", "HEAD", "/a/b/resolve/main/config.json")
    assert (reply.status, dict(reply.headers)["X-Error-Code"]) == (404, "EntryNotFound")


def test_no_feed_offers_anything_newer():
    feeds = [call for call in CALLS if call[3] in ("pypi-json", "github-releases", "update-feed")]
    for host, method, path, _ in feeds:
        versions = re.findall(rb'"v?(\d+\.\d+\.\d+)"', content(ask(host, method, path)[1]))
        assert set(versions) <= {b"0.0.0"}


def test_public_address_is_nobodys():
    assert content(ask("checkip.amazonaws.com", "GET", "/")[1]) == b"203.0.113.57\n"
    assert json.loads(content(ask("ipinfo.io", "GET", "/json")[1]))["ip"] == "203.0.113.57"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml", "text/html; charset=utf-8"),
        ("image/avif,image/webp", "image/png"),
        ("text/css,*/*;q=0.1", "text/css; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("*/*", "application/json"),
    ],
)
def test_default_by_accept(accept, kind):
    _, reply = ask("anything.example", "GET", "/thing", headers={"accept": accept})
    assert dict(reply.headers)["Content-Type"] == kind


def test_extra_services_come_first():
    mine = Service(name="mine", hosts=("api.openai.com",), reply=always(Reply(status=418)))
    assert Table((mine,)).find("api.openai.com", "POST", "/v1/chat/completions").name == "mine"
    assert Table((mine,)).find("api.other.com", "POST", "/v1/chat/completions").name == "openai-chat"


def test_the_last_row_takes_everything():
    assert SERVICES[-1].takes("", "", "")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", b"{}"), ("/v1/chat/completions", b'{"stream": true}'), ("/v1/completions", b"{}"),
        ("/v1/responses", b"{}"), ("/v1/messages", b"{}"), ("/v1/messages", b'{"stream": true}'),
        ("/api/chat", b"{}"), ("/api/generate", b'{"stream": false}'),
        ("/v1beta/models/g:generateContent", b"{}"),
    ],
)  # fmt: skip
def test_what_a_cloud_model_says_carries_the_mark_of_the_run(path, body):
    _, marked = ask("api.example.com", "POST", path, body=body, mark="velka-zofin-4821")
    assert content(marked).count(b"velka-zofin-4821") == 1
    _, bare = ask("api.example.com", "POST", path, body=body)
    assert b"fitting name" not in content(bare)
