from __future__ import annotations

import pytest

from auditor.judge import facts_fields as of
from auditor.model.file import FileChange
from auditor.model.flow import Destination
from auditor.model.flow import Purpose
from auditor.model.process import NOBODY


@pytest.mark.parametrize(
    ("executable", "argv", "label"),
    [
        ("/usr/bin/python3.11", ("python3", "-u", "/srv/chat.py", "x"), "python3.11 (chat.py)"),
        ("/usr/bin/python3", ("python3", "-m", "http.server"), "python3 (-m http.server)"),
        ("/usr/bin/python3", ("python3", "-c", "import os"), "python3 (-c)"),
        ("/usr/bin/python3", ("python3",), "python3"),
        ("/opt/node", ("node", "/x/cli.js"), "node (cli.js)"),
        ("/usr/bin/ollama", ("ollama", "serve"), "ollama"),
    ],
)
def test_an_interpreter_is_named_with_its_script(owner, executable, argv, label):
    fields = of.process_fields(owner(executable=executable, argv=argv))
    assert fields["audit.process.label"] == label
    assert fields["process.executable"] == executable


def test_nobody_has_no_name():
    assert of.process_fields(NOBODY) == {"audit.attribution": "unknown"}


def test_a_destination_without_a_port_or_a_name():
    fields = of.destination_fields(Destination(domain="", ip="8.8.8.8", port=0))
    assert fields == {
        "destination.ip": "8.8.8.8",
        "destination.address": "8.8.8.8",
        "audit.destination.site": "8.8.8.8",
        "audit.destination.scope": "public",
    }


def test_a_url_is_taken_apart(exchange):
    fields = of.exchange_fields(exchange())
    assert fields["url.domain"] == "stats.vendor.example"
    assert fields["url.path"] == "/v1/events"
    assert fields["url.query"] == "k=1"
    assert fields["user_agent.original"] == "chat/1.0"
    assert fields["http.request.mime_type"] == "application/json"


@pytest.mark.parametrize("url", ["http://[::1", "http://[zz]/x", "", "::::", "http://a:b:c/"])
def test_a_url_that_the_app_made_up_breaks_nothing(exchange, url):
    assert of.exchange_fields(exchange(url=url))["http.request.method"] == "POST"


def test_a_flow_holds_what_all_its_exchanges_say(exchange, flow):
    both = (exchange(), exchange(id="f1.2", url="https://stats.vendor.example/v2", purpose=Purpose.ACCOUNT))
    merged = of.exchanges_fields(both)
    assert merged["url.path"] == ("/v1/events", "/v2")
    assert merged["http.request.body.bytes"] == 160
    assert "source.bytes" not in merged
    assert of.flow_fields(flow(requests=both), ())["audit.purpose"] == ("telemetry", "account")


def test_a_path_in_the_home_directory_is_shortened(owner):
    change = FileChange(
        path="/home/someone/.app/a.tar.gz",
        change="created",
        bytes=5,
        process=owner(),
        canaries=(),
        metadata=(),
    )
    fields = of.file_fields(change, "/home/someone", planted=False)
    assert fields["audit.file.place"] == "~/.app/a.tar.gz"
    assert fields["file.name"] == "a.tar.gz"
    assert fields["file.extension"] == "gz"
    assert of.file_fields(change, "", planted=False)["audit.file.place"] == change.path
