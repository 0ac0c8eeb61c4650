"""Finding an API, apart from talking to it."""

from __future__ import annotations

import pytest

from auditor.drivers.discovery import Endpoint
from auditor.drivers.discovery import Finder
from auditor.drivers.discovery import best_of
from auditor.drivers.discovery import parse_url
from auditor.errors import UsageError


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://127.0.0.1:8080/v1", Endpoint(port=8080, prefix="/v1")),
        ("http://localhost:8080/api/v1/chat/completions", Endpoint(port=8080, prefix="/api/v1")),
        ("http://[::1]:99/", Endpoint(port=99, prefix=None)),
        ("http://localhost", Endpoint(port=80, prefix=None)),
    ],
)
def test_urls(url, endpoint):
    assert parse_url(url) == endpoint


@pytest.mark.parametrize(
    "url", ["", "8080", "localhost:8080", "https://localhost:1", "http://x:0", "http://x:99999", "http://[/"]
)
def test_no_urls(url):
    with pytest.raises(UsageError, match="is no URL of a local server"):
        parse_url(url)


def test_a_model_to_talk_to():
    assert best_of(("nomic-embed-text", "whisper-1", "llama")) == "llama"
    assert best_of(("nomic-embed-text",)) == "nomic-embed-text"
    assert best_of(()) == "default"


def test_prefers_the_apps_own_door_to_the_engine_behind_it(stage, openai_server):
    """The inner engine is up first, on a port that the kernel chose."""
    inner = """
import threading
threading.Thread(
    target=ThreadingHTTPServer(("127.0.0.1", 0), Handler).serve_forever, daemon=True
).start()
"""
    program = openai_server(PORT=23_999, LATE=1.0).replace("def main():", inner + "def main():")
    on = stage(program)
    on.start_app()
    finder = Finder(on)
    assert on.wait(5, finder.look)
    assert finder.found.port == 23_999
    assert len(finder.ports) == 2


def test_an_engine_alone_is_found_too(stage, openai_server):
    on = stage(openai_server(PORT=0))
    on.start_app()
    finder = Finder(on)
    assert on.wait(8, finder.look)
    assert finder.found.model == "talker"
