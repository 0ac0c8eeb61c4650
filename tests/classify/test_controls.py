from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.model import observation as o

VALUE = "token-{}-0001"


@pytest.fixture
def ours(run):
    """A run in which only our own control did something; `run.sent(...)` plants and sends."""
    run.phase("control")
    run.process("20.1", "", "/usr/bin/python3", role="control")

    def sent(*channels, **ends):
        for channel in channels:
            run.canary(VALUE.format(channel), "control", f"control-{channel}")
            run.write(o.ControlSent(channel=channel, token=f"control-{channel}", ok=True, **ends))

    run.sent = sent
    return run


def results(run):
    controls = classify(run.seal()).coverage.controls
    return {one.channel: (one.seen, one.attributed, one.decoded) for one in controls}


def test_seen_attributed_and_decoded_are_three_things(ours):
    ours.sent("https", "dns", "file", "tcp", "udp")
    flow = ours.flow("20.1", role="control")
    ours.request(flow, "https://x.example/", b"token-https-0001")
    ours.lookup("20.1", "token-dns-0001.example", role="control")
    ours.write(o.FileTouched(process="20.1", call="open", path="/tmp/c", role="control"))
    ours.file("/tmp/c", b"token-file-0001", role="control")
    unowned = ours.flow("", port=7007)
    ours.stream(unowned, b"token-tcp-0001")
    case = classify(ours.seal())
    assert {one.channel: (one.seen, one.attributed, one.decoded) for one in case.coverage.controls} == {
        "https": (True, True, True),
        "dns": (True, True, True),
        "file": (True, True, None),
        "tcp": (True, False, None),
        "udp": (False, False, None),
    }
    assert case.flows == case.lookups == case.files == ()


def test_in_the_apps_traffic_it_proves_nothing(ours):
    ours.sent("https")
    ours.request(ours.flow("10.1"), "https://x.example/", b"token-https-0001")
    assert results(ours)["https"] == (False, False, False)


def test_a_request_in_the_wrong_protocol_was_not_decoded(ours):
    ours.sent("h2")
    flow = ours.flow("20.1", role="control")
    ours.request(flow, "https://x.example/", b"token-h2-0001")
    ours.close(flow, "https")
    assert results(ours)["h2"] == (True, True, False)


def test_bytes_of_a_protocol_that_nobody_understood_are_seen_only(ours):
    ours.sent("http", "websocket")
    ours.stream(ours.flow("20.1", role="control"), b"GET /token-http-0001 HTTP/1.1")
    flow = ours.flow("20.1", role="control")
    ours.request(flow, "https://x.example/token-websocket-0001", b"")
    ours.close(flow, "ws")
    assert results(ours) == {"http": (True, True, False), "websocket": (True, True, False)}


def test_a_message_of_a_websocket_is_understood(ours):
    ours.sent("websocket")
    flow = ours.flow("20.1", role="control")
    exchange = ours.request(flow, "https://x.example/", b"")
    body = ours.bodies.put(b"token-websocket-0001").name
    ours.write(o.WebSocketMessage(exchange=exchange, direction="out", text=True, bytes=20, body=body))
    ours.close(flow, "ws")
    assert results(ours)["websocket"] == (True, True, True)


def test_a_lookup_over_the_wrong_transport_was_not_decoded(ours):
    ours.sent("dns-tcp")
    ours.lookup("20.1", "token-dns-tcp-0001.example", role="control", transport="udp")
    assert results(ours)["dns-tcp"] == (True, True, False)


@pytest.mark.parametrize(
    ("address", "role", "expected"),
    [
        ("@token-unix-0001", "control", (True, True, None)),
        ("/run/token-unix-0001.sock", "control", (True, True, None)),
        ("/run/other", "control", (False, False, None)),
        ("@token-unix-0001", "app", (False, False, None)),
    ],
)
def test_a_unix_socket_shows_in_the_call_alone(ours, address, role, expected):
    ours.sent("unix")
    ours.call("20.1", address, 0, family="unix", role=role)
    assert results(ours)["unix"] == expected


def test_the_round_is_told(ours):
    ours.sent("tcp", round="before")
    ours.sent("udp")
    controls = classify(ours.seal()).coverage.controls
    assert [(one.channel, one.round) for one in controls] == [("tcp", "before"), ("udp", "after")]
