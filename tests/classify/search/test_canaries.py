from __future__ import annotations

import base64
import gzip
import hashlib
import ipaddress
import json
import random
import zlib

import brotli
import pytest

from auditor.classify.case import classify
from auditor.model import observation as o
from auditor.model.flow import Purpose

MARKER = "velka-zofin-4821"


def found(case, id_="prompt-1"):
    return next(report.found for report in case.canaries if report.canary.id == id_)


@pytest.fixture
def planted(run):
    run.canary(MARKER)
    return run


def test_prompt_in_a_request_body_is_a_leak(planted):
    flow = planted.flow("10.1")
    exchange = planted.request(flow, "https://x.example/v1/traces", {"messages": [f"the {MARKER} plan"]})
    case = classify(planted.seal())
    [sighting] = found(case)
    assert (sighting.where, sighting.subject, sighting.exchange) == ("request body", flow, exchange)
    assert sighting.encoding == ()
    assert "[[velka-zofin-4821]]" in sighting.excerpt
    assert case.flows[0].canaries == ("prompt-1",)
    assert case.flows[0].purpose is case.flows[0].requests[0].purpose is Purpose.PROMPT_LEAK


def test_what_comes_back_is_no_leak(planted):
    flow = planted.flow("10.1")
    planted.request(flow, "https://x.example/v1/traces", b"{}", answer=f"hello {MARKER}".encode())
    case = classify(planted.seal())
    [sighting] = found(case)
    assert (sighting.where, sighting.direction) == ("response body", "in")
    assert case.flows[0].canaries == ()
    assert case.flows[0].purpose is Purpose.TELEMETRY


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("br", brotli.compress), ("", gzip.compress), ("", brotli.compress)],
)
def test_content_codings_with_and_without_header(planted, coding, pack):
    flow = planted.flow("10.1")
    body = pack(json.dumps({"a": base64.b64encode(MARKER.encode() * 9).decode()}).encode())
    headers = (("Content-Encoding", coding),) if coding else ()
    planted.request(flow, "https://x.example/", body, headers=headers)
    [sighting] = found(classify(planted.seal()))
    assert sighting.encoding == ("gzip" if pack is gzip.compress else "br", "base64")


def test_mislabelled_body_is_still_read(planted):
    flow = planted.flow("10.1")
    planted.request(flow, "https://x.example/", MARKER.encode(), headers=(("content-encoding", "gzip"),))
    assert found(classify(planted.seal()))


def test_url_headers_trailers_and_sni(planted):
    flow = planted.flow("10.1")
    planted.tls(flow, f"{MARKER}.example")
    exchange = planted.request(
        flow, f"https://x.example/a/{MARKER}?q=1#f", method="GET", headers=(("X-Ctx", MARKER.upper()),)
    )
    planted.write(o.HttpBody(exchange=exchange, direction="out", bytes=0, kept=0, sha256="", body="", complete=True,
                             trailers=(("X-End", MARKER),)))  # fmt: skip
    places = {sighting.where for sighting in found(classify(planted.seal()))}
    assert places == {"sni", "url", "header x-ctx", "trailer x-end"}


def test_methods_names_of_headers_and_hellos(planted):
    raw = base64.b64encode(bytes(34) + MARKER.encode()).decode()
    hello = planted.flow("10.1")
    planted.write(o.TlsHello(flow=hello, sni="x.example", alpn=(MARKER,), ja4="", raw=raw))
    web = planted.flow("10.1")
    planted.request(web, "https://x.example/", method=MARKER.upper(), headers=((f"X-{MARKER}", "1"),))
    places = {sighting.where for sighting in found(classify(planted.seal()))}
    assert places == {"alpn", "client hello", "method", "header names"}


def test_a_hello_whose_random_runs_on_in_its_session_id(planted):
    half = len(MARKER) // 2
    raw = b"\3\3" + bytes(32 - half) + MARKER[:half].encode() + b"\x20" + MARKER[half:].encode() + bytes(24)
    planted.write(
        o.TlsHello(flow=planted.flow("10.1"), sni="", alpn=(), ja4="", raw=base64.b64encode(raw).decode())
    )
    assert {sighting.where for sighting in found(classify(planted.seal()))} == {"client hello"}


def test_where_a_process_connects_to_says_something_too(planted):
    ports = [int.from_bytes(MARKER[at : at + 2].encode()) for at in range(0, len(MARKER), 2)]
    for port in ports:
        planted.flow("10.1", port=port)
    planted.flow("11.1", ip=str(ipaddress.IPv6Address(MARKER.encode())))
    chatty = planted.flow("12.1")
    for size in MARKER.encode():
        planted.request(chatty, "https://x.example/", bytes(size))
    places = {sighting.where for sighting in found(classify(planted.seal()))}
    assert places == {"destination ports", "destination address", "sizes of requests"}


def test_attributes_of_files(planted):
    planted.file("/home/x/cache", b"", attributes=(("user.note", MARKER.encode().hex()),))
    assert [(one.where, one.subject) for one in found(classify(planted.seal()))] == [
        ("file attribute", "/home/x/cache")
    ]


def test_what_a_look_up_holds_beside_its_name(planted):
    planted.lookup("10.1", "plain.example", beside=MARKER.encode().hex())
    assert {sighting.where for sighting in found(classify(planted.seal()))} == {"lookup options"}


def test_lookup_with_the_marker_split_over_labels(planted):
    planted.lookup("10.1", MARKER.encode().hex()[:16] + "." + MARKER.encode().hex()[16:] + ".evil.example")
    case = classify(planted.seal())
    assert {sighting.where for sighting in found(case)} == {"lookup"}
    assert case.lookups[0].canaries == ("prompt-1",)


def test_stream_and_websocket(planted):
    raw = planted.flow("10.1", port=7007)
    planted.stream(raw, f"PRIVMSG #x :{MARKER}".encode())
    planted.close(raw, "raw")
    web = planted.flow("10.1")
    exchange = planted.request(web, "https://x.example/ws", method="GET")
    stored = planted.bodies.put(MARKER.encode())
    planted.write(
        o.WebSocketMessage(exchange=exchange, direction="out", text=True, bytes=16, body=stored.name)
    )
    case = classify(planted.seal())
    assert {sighting.where for sighting in found(case)} == {"stream", "websocket message"}
    assert {flow.purpose for flow in case.flows} == {Purpose.PROMPT_LEAK}


def test_files_by_content_and_name(planted):
    planted.file("/home/x/history.json", json.dumps({"text": MARKER}).encode())
    planted.file(f"/home/x/{MARKER}.txt", b"")
    planted.file("/home/x/gone", MARKER.encode(), change="deleted")
    planted.file("/tmp/reference", MARKER.encode(), role="reference")
    case = classify(planted.seal())
    assert {(one.where, one.subject) for one in found(case)} == {
        ("file", "/home/x/history.json"), ("file name", f"/home/x/{MARKER}.txt")
    }  # fmt: skip
    assert [change.canaries for change in case.files] == [("prompt-1",), ("prompt-1",), ()]


def test_identity_by_digest(run):
    run.canary("3f2a9c0d11e84b7f9a6c5d4e3f2a1b0c", "identity", "identity-machine-id")
    flow = run.flow("10.1")
    digest = hashlib.sha256(b"3f2a9c0d11e84b7f9a6c5d4e3f2a1b0c").hexdigest()
    run.request(flow, "https://x.example/batch/", {"distinct_id": digest, "event": "x", "api_key": "y"})
    case = classify(run.seal())
    [sighting] = found(case, "identity-machine-id")
    assert sighting.encoding == ("hex", "sha256")
    assert f"[[{digest}]]" in sighting.excerpt
    assert case.flows[0].purpose is Purpose.TELEMETRY


def test_the_home_directory_in_the_path_of_a_file_is_no_sighting_and_elsewhere_in_it_is(run):
    run.canary("/home/bado47", "identity", "identity-home")
    run.file("/home/bado47/.cache/app", b"")
    run.file("/home/bado47/.cache/projects/home/bado47", b"")
    [sighting] = found(classify(run.seal()), "identity-home")
    assert sighting.subject == "/home/bado47/.cache/projects/home/bado47"


def test_plainest_sight_is_the_one_reported(planted):
    flow = planted.flow("10.1")
    body = f"{base64.b64encode(MARKER.encode()).decode()} {MARKER} {MARKER.encode().hex()}"
    planted.request(flow, "https://x.example/", body.encode())
    [sighting] = found(classify(planted.seal()))
    assert sighting.encoding == ()


def test_encoded_match_is_shown_decoded(planted):
    flow = planted.flow("10.1")
    text = base64.b64encode(f"my note about {MARKER} today".encode())
    planted.request(flow, "https://x.example/", b'{"data": "' + text + b'"}')
    [sighting] = found(classify(planted.seal()))
    assert sighting.encoding == ("base64",)
    assert "my note about [[velka-zofin-4821]] today" in sighting.excerpt


def test_control_canaries_are_not_in_the_case(run):
    run.canary("token-abcdef-1234", "control", "control-https")
    assert classify(run.seal()).canaries == ()


def test_missing_body_is_a_gap_and_no_crash(planted):
    flow = planted.flow("10.1")
    planted.request(flow, "https://x.example/", MARKER.encode())
    for file in planted.directory.bodies.iterdir():
        file.unlink()
    case = classify(planted.seal())
    assert not found(case)
    assert any("missing" in gap.text and gap.blinds for gap in case.coverage.gaps)


def test_bomb_is_a_gap(planted):
    flow = planted.flow("10.1")
    planted.request(flow, "https://x.example/", gzip.compress(bytes(100 << 20), 1))
    assert any("unfold" in gap.text and gap.blinds for gap in classify(planted.seal()).coverage.gaps)


def test_same_case_twice(planted):
    flow = planted.flow("10.1")
    planted.request(flow, "https://x.example/", MARKER.encode())
    directory = planted.seal()
    assert classify(directory) == classify(directory)


def test_the_path_names_the_chain_and_the_members_on_the_way(planted):
    flow = planted.flow("10.1")
    text = base64.b64encode(f"my note about {MARKER} today, and more of it".encode() * 2).decode()
    body = gzip.compress(json.dumps({"events": [1, 2, {}, {"props": text}]}).encode())
    planted.request(flow, "https://x.example/", body, headers=(("Content-Encoding", "gzip"),))
    [sighting] = found(classify(planted.seal()))
    assert sighting.path == "request body > gzip > json:$.events[3].props > base64"


def test_stream_that_goes_on_behind_its_window_is_a_gap(planted):
    noise = random.Random(5).randbytes(5 << 20)
    for body, blind in ((b"x" + zlib.compress(noise, 1), True), (b"x" + noise, False)):
        flow = planted.flow(f"10.{1 + blind}")
        planted.request(flow, "https://x.example/", body)
    gaps = [gap.text for gap in classify(planted.seal()).coverage.gaps if "unfold" in gap.text]
    assert len(gaps) == 1
    assert gaps[0].startswith("1 ") or gaps[0].startswith("One ") or "A recorded body" in gaps[0]
