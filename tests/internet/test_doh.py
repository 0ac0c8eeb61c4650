"""Questions over HTTP: as bytes and as JSON, from real clients, and what is no question."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.internet import doh
from auditor.internet.services.contract import Request
from auditor.parse import dns
from auditor.parse.dns import Message
from auditor.parse.dns import Question
from auditor.parse.dns import Type

QUERY = dns.encode(Message(id=0, questions=(Question(name="asked.example", type=Type.A),)))
ENCODED = base64.urlsafe_b64encode(QUERY).rstrip(b"=").decode()


def https(world, host):
    class Connection(http.client.HTTPSConnection):
        def connect(self):
            self.sock = world.tls(host)

    return Connection(host, timeout=20)


def fetch(connection, method, path, body=None, **headers):
    connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    return response.getheader("Content-Type"), response.read()


def test_messages_by_post_and_get(world):
    connection = https(world, "dns.example")
    kind, posted = fetch(connection, "POST", "/dns-query", QUERY, Content_Type="application/dns-message")
    assert kind == "application/dns-message"
    kind, got = fetch(connection, "GET", f"/dns-query?dns={ENCODED}")
    assert dns.parse(got).answers == dns.parse(posted).answers != ()
    connection.close()
    seen = world.stop()
    assert [(each.name, each.type, each.transport) for each in seen["dns.query"]] == [
        ("asked.example", "A", "doh")
    ] * 2
    assert {each.flow for each in seen["dns.query"]} == {"f1"}
    assert [each.served_by for each in seen["http.response"]] == ["doh", "doh"]
    assert seen["flow.closed"][0].protocol == "https"
    assert seen["dns.query"][0].cookie == seen["flow.opened"][0].cookie


def test_json_form(world):
    connection = https(world, "dns.google")
    kind, body = fetch(connection, "GET", "/resolve?name=asked.example&type=AAAA")
    document = json.loads(body)
    assert (kind, document["Status"], document["Answer"][0]["type"]) == ("application/dns-json", 0, 28)
    _, body = fetch(connection, "GET", "/dns-query?name=t.example&type=16", Accept="application/dns-json")
    assert "Answer" not in json.loads(body)
    connection.close()
    asked = world.stop()["dns.query"]
    assert [(each.name, each.type) for each in asked] == [("asked.example", "AAAA"), ("t.example", "TXT")]
    assert document["Answer"][0]["data"] == asked[0].answers[0]


def test_curl_finds_a_host_over_http(world):
    command = ["curl", "-sS", "--doh-insecure", "--doh-url", f"https://127.0.0.1:{world.port}/dns-query"]
    subprocess.run(
        [*command, "--max-time", "2", "http://secret.example:1/"], check=False, capture_output=True
    )
    asked = world.stop()["dns.query"]
    assert {each.name for each in asked} == {"secret.example"}
    assert {each.transport for each in asked} == {"doh"}


@pytest.mark.parametrize(
    "request_",
    [
        Request(host="a", method="GET", path="/", query="name=x.example"),
        Request(host="a", method="GET", path="/dns-query", query="dns=%21%21%21a"),
        Request(host="a", method="GET", path="/resolve", query="name=" + "a" * 300),
        Request(host="a", method="GET", path="/resolve", query="name=x&type=99999"),
        Request(host="a", method="POST", path="/dns-query", body=QUERY),
        Request(host="a", method="POST", path="/x", body=b"no", headers={"content-type": doh.MESSAGE}),
    ],
)
def test_no_question(request_):
    def ask(query):
        dns.parse(query)
        return query

    assert doh.reply(request_, ask) is None


@given(st.text(max_size=60), st.sampled_from(["GET", "POST"]), st.binary(max_size=40))
def test_nothing_breaks_it(query, method, body):
    request = Request(
        host="a", method=method, path="/resolve", query=query, body=body,
        headers={"content-type": doh.MESSAGE},
    )  # fmt: skip

    def ask(message):
        dns.parse(message)
        raise ValueError

    assert doh.reply(request, ask) is None
