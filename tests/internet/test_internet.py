"""Real clients against the whole internet on loopback, and what was written down about them."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import http.client
import json
import os
import shutil
import socket
import ssl
import stat
import struct
import subprocess
import time
import urllib.request

import pytest

from auditor.internet.gateway_sockets import Endpoint
from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Service

MIB = 1 << 20
WELL_KNOWN = (Endpoint("198.18.0.16", 443), Endpoint("fd77:a0d1::10", 8443))


def https(world, host="api.example.com", **options):
    """An HTTP client whose every name is the world."""

    class Connection(http.client.HTTPSConnection):
        def connect(self):
            self.sock = world.tls(host, **options)

    return Connection(host, timeout=20)


def post(connection, path, body, **headers):
    connection.request("POST", path, body=body, headers=headers)
    response = connection.getresponse()
    return response, response.read()


def one(seen, kind):
    (only,) = seen[kind]
    return only


def bodies_of(seen, direction):
    return [each for each in seen["http.body"] if each.direction == direction]


# HTTP/1.1


def test_keep_alive_requests_over_tls(world):
    world.destination = WELL_KNOWN[0]
    connection = https(world, "us.i.posthog.com", alpn=["http/1.1"])
    for number in range(3):
        response, body = post(connection, "/batch/?a=1", b"event %d" % number)
        assert (response.status, json.loads(body)) == (200, {"status": 1})
    connection.close()
    seen = world.stop()
    opened, closed = one(seen, "flow.opened"), one(seen, "flow.closed")
    assert (opened.ip, opened.port, opened.cookie, opened.inode) == ("198.18.0.16", 443, 1, 7)
    assert (closed.protocol, closed.error) == ("https", "")
    assert closed.bytes_out > 600
    assert [each.exchange for each in seen["http.request"]] == ["f1.1", "f1.2", "f1.3"]
    assert {each.url for each in seen["http.request"]} == {"https://us.i.posthog.com/batch/?a=1"}
    assert [world.body(each.body) for each in bodies_of(seen, "out")] == [b"event 0", b"event 1", b"event 2"]
    assert {each.served_by for each in seen["http.response"]} == {"posthog"}
    assert all(each.complete for each in seen["http.body"])
    assert len(world.identified) == 1
    hello, established = one(seen, "tls.hello"), one(seen, "tls.established")
    assert (hello.sni, hello.alpn) == ("us.i.posthog.com", ("http/1.1",))
    assert hello.ja4[0] == "t"
    assert (established.version, established.alpn) == ("TLSv1.3", "http/1.1")


@pytest.mark.parametrize("destination", WELL_KNOWN)
def test_bare_address_without_a_name(world, destination):
    world.destination = destination
    context = world.client_context()
    context.check_hostname = False
    with context.wrap_socket(world.connect()) as client:
        client.sendall(b"GET /x HTTP/1.0\r\n\r\n")
        certificate = client.getpeercert()
        assert b" 200 OK\r\n" in client.recv(4096)
    names = [value for _, value in certificate["subjectAltName"]]
    assert socket.inet_pton(socket.AF_INET6 if ":" in destination.ip else socket.AF_INET, names[0].strip())
    assert one(world.stop(), "http.request").url in (
        "https://198.18.0.16/x",
        "https://[fd77:a0d1::10]:8443/x",
    )


def test_urllib_over_plain_http(world):
    with urllib.request.urlopen(f"http://127.0.0.1:{world.port}/simple/gradio/", timeout=20) as response:
        assert "Links for gradio" in response.read().decode()
    seen = world.stop()
    assert one(seen, "flow.closed").protocol == "http"
    assert one(seen, "http.request").url == f"http://127.0.0.1:{world.port}/simple/gradio/"


def test_head_has_no_body_and_keeps_the_connection(world):
    connection = https(world, "huggingface.co")
    for path in ("/a/b/resolve/main/config.json", "/api/telemetry/x"):
        connection.request("HEAD", path)
        response = connection.getresponse()
        assert response.read() == b""
    assert response.status == 200
    connection.close()
    assert len(world.stop()["flow.opened"]) == 1


def test_compressed_body_is_kept_as_sent(world):
    sent = gzip.compress(b'{"event": "secret"}')
    connection = https(world)
    post(connection, "/capture/", sent, **{"Content-Encoding": "gzip"})
    connection.close()
    stored = bodies_of(world.stop(), "out")[0]
    assert world.body(stored.body) == sent


def test_streamed_answer(world):
    connection = https(world, "api.openai.com")
    response, body = post(connection, "/v1/chat/completions", b'{"stream": true}')
    assert response.getheader("Transfer-Encoding") == "chunked"
    assert body.endswith(b"data: [DONE]\n\n")
    connection.close()
    assert world.body(bodies_of(world.stop(), "in")[0].body) == body


@pytest.mark.parametrize("chunked", [False, True])
def test_large_upload_is_streamed(world, chunked, peak_kib):
    piece = os.urandom(MIB)
    digest = hashlib.sha256()
    connection = https(world)
    post(connection, "/warm", b"up")
    connection.close()
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before = peak_kib()

    def pieces():
        for _ in range(64):
            digest.update(piece)
            yield piece

    connection = https(world)
    headers = {} if chunked else {"Content-Length": str(64 * MIB)}
    connection.request("POST", "/upload", body=pieces(), headers=headers, encode_chunked=chunked)
    assert connection.getresponse().status == 200
    connection.close()
    grown = peak_kib() - before
    stored = bodies_of(world.stop(), "out")[1]
    assert (stored.bytes, stored.sha256, stored.complete) == (64 * MIB, digest.hexdigest(), True)
    assert grown < 32 * 1024


def test_large_download_is_streamed(make_world, peak_kib):
    huge = Service(name="huge", path="/huge", reply=lambda _: Reply(body=(bytes(MIB) for _ in range(64))))
    world = make_world(extra_services=(huge,)).ready()
    connection = https(world)
    connection.request("GET", "/small")
    connection.getresponse().read()
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before = peak_kib()
    connection.request("GET", "/huge")
    response = connection.getresponse()
    size = 0
    while piece := response.read(MIB):
        size += len(piece)
    connection.close()
    assert size == 64 * MIB
    assert peak_kib() - before < 32 * 1024
    assert bodies_of(world.stop(), "in")[1].bytes == 64 * MIB


def test_trailers_are_kept(world, exchange):
    with world.tls() as client:
        head = b"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        exchange(client, head + b"4\r\nbody\r\n0\r\nX-Secret: after\r\n\r\n", until=b"{}")
    seen = world.stop()
    stored = bodies_of(seen, "out")[0]
    assert (stored.bytes, stored.trailers, stored.complete) == (4, (("X-Secret", "after"),), True)
    assert one(seen, "flow.closed").error == ""


def test_extensions_of_chunks_are_kept(world, exchange):
    with world.tls() as client:
        head = b"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        exchange(client, head + b"4;a=hidden\r\nbody\r\n4\r\nmore\r\n0; b=here\r\n\r\n", until=b"{}")
    seen = world.stop()
    assert world.body(bodies_of(seen, "out")[0].body) == b"bodymore"
    assert world.body(one(seen, "stream.data").body) == b"a=hidden b=here"


@pytest.mark.parametrize("tls", [False, True])
def test_upload_that_breaks_off(world, tls):
    client = world.tls() if tls else world.connect()
    client.sendall(b"POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nonly this")
    client.close()
    seen = world.stop()
    stored = one(seen, "http.body")
    assert (world.body(stored.body), stored.complete) == (b"only this", False)
    assert "http.response" not in seen


@pytest.mark.parametrize("tls", [False, True])
def test_client_that_sends_and_goes_at_once(world, tls):
    for number in range(20):
        client = world.tls() if tls else world.connect()
        client.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsecret %02d" % number)
        if tls:
            with contextlib.suppress(OSError, ValueError):
                client.settimeout(0)
                client.unwrap()
        else:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", number % 2, 0))
        client.close()
    seen = world.stop()
    got = {world.body(each.body) for each in bodies_of(seen, "out")}
    assert len(seen["flow.closed"]) == 20
    assert got >= {b"secret %02d" % number for number in range(0, 20, 1 if tls else 2)}


def test_expect_continue(world, exchange):
    with world.connect() as client:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        assert b"100 Continue" in exchange(client, head, until=b"\r\n\r\n")
        assert b"200 OK" in exchange(client, b"body", until=b"{}")
    seen = world.stop()
    assert ("Expect", "100-continue") in one(seen, "http.request").headers
    assert bodies_of(seen, "out")[0].bytes == 4


def test_pipelined_requests(world, exchange):
    with world.connect() as client:
        request = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
        last = b"GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        assert exchange(client, request % 1 + request % 2 + last).count(b"200 OK") == 3
    assert [each.url for each in world.stop()["http.request"]] == ["http://a/1", "http://a/2", "http://a/3"]


def test_tunnel_for_a_client_that_takes_us_for_its_proxy(world):
    with world.connect() as client:
        client.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
        assert b" 200 " in client.recv(4096)
        with world.client_context().wrap_socket(client, server_hostname="api.example.com") as inner:
            inner.sendall(b"GET /inside HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in inner.recv(4096)
    urls = [each.url for each in world.stop()["http.request"]]
    assert urls == ["api.example.com:443", "https://api.example.com/inside"]


def test_absolute_target(world, exchange):
    with world.connect() as client:
        exchange(client, b"GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n", until=b"{}")
    assert one(world.stop(), "http.request").url == "http://a.example/x"


def test_nothing_says_whose_answers_these_are(world, exchange):
    answers = b""
    for request in (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n",
    ):
        with world.connect() as client:
            answers += exchange(client, request)
    assert answers.count(b"HTTP/1.1 ") >= 3
    assert b"mitm" not in answers.lower()
    seen = world.stop()
    assert len(seen["flow.closed"]) == 4
    kept = b"".join(world.body(each.body) for each in seen["stream.data"])
    assert b"no colon here" in kept


# TLS


def test_client_that_refuses_the_authority(world):
    with world.connect() as client, pytest.raises(ssl.SSLCertVerificationError):
        world.client_context(trusted=False).wrap_socket(client, server_hostname="pinned.example")
    seen = world.stop()
    assert one(seen, "tls.hello").sni == "pinned.example"
    assert one(seen, "tls.failed").reason == "unknown ca"
    assert one(seen, "flow.closed").protocol == "tls"
    assert "tls.established" not in seen


def test_old_versions_are_opened_too(world):
    context = world.client_context()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(world.connect(), server_hostname="old.example") as client:
        assert client.version() == "TLSv1.2"
    assert one(world.stop(), "tls.established").version == "TLSv1.2"


def test_unknown_protocol_inside_tls_is_readable(world):
    with world.tls("mqtt.example", alpn=["mqtt"]) as client:
        assert client.selected_alpn_protocol() == "mqtt"
        client.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
    seen = world.stop()
    sent = [each for each in seen["stream.data"] if each.direction == "out"]
    assert world.body(sent[0].body).startswith(b"\x10\x0c\x00\x04MQTT")
    assert one(seen, "flow.closed").protocol == "mqtt"


def test_session_secrets_are_logged_for_us_alone(world):
    with world.tls():
        pass
    world.stop()
    assert stat.S_IMODE(world.keylog.stat().st_mode) == 0o600
    assert b"CLIENT_TRAFFIC_SECRET_0 " in world.keylog.read_bytes()


def test_nothing_is_written_to_the_home_directory(world, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    connection = https(world)
    post(connection, "/x", b"y")
    connection.close()
    world.stop()
    assert not (tmp_path / "home").exists()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl(world, tmp_path, version):
    (tmp_path / "ca.pem").write_bytes(world.ca.certificate_pem)
    (tmp_path / "big").write_bytes(os.urandom(3 * MIB))
    command = ["curl", "-sS", version, "--cacert", tmp_path / "ca.pem", "--data-binary", f"@{tmp_path}/big"]
    connect = ["--connect-to", f"api.example.com:443:127.0.0.1:{world.port}"]
    subprocess.run([*command, *connect, "https://api.example.com/upload"], check=True, timeout=60)
    stored = bodies_of(world.stop(), "out")[0]
    assert stored.sha256 == hashlib.sha256((tmp_path / "big").read_bytes()).hexdigest()


# Everything else


def test_client_that_says_nothing(world):
    world.connect().close()
    client = world.connect()
    time.sleep(0.1)
    seen = world.stop(grace_s=0.1)
    client.close()
    assert [(each.bytes_out, each.bytes_in) for each in seen["flow.closed"]] == [(0, 0), (0, 0)]
    assert seen["flow.closed"][1].error == "still open when the recording ended"


@pytest.mark.parametrize(
    "data",
    [
        b"NICK somebody\r\nUSER secret\r\n",
        b"\x00\xff" * 500,
        b"no line end, ever",
        b"\x16\x03\x01\x00\x10\x01not a hello at all",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03cut off",
        b"GET / HTTP/1.1\r\nHost: cut off",
        b"P",
    ],
)
@pytest.mark.parametrize("tls", [False, True])
def test_what_is_no_http_is_kept(world, data, tls):
    client = world.tls() if tls else world.connect()
    client.sendall(data)
    client.close()
    seen = world.stop()
    sent = [each for each in seen["stream.data"] if each.direction == "out"]
    assert b"".join(world.body(each.body) for each in sent) == data
    assert one(seen, "flow.closed").error == ""


def test_a_failing_proxy_keeps_the_bytes(world, monkeypatch, exchange):
    from auditor.internet.recorder import Recorder

    def fail(*_):
        raise NotImplementedError("on purpose")

    monkeypatch.setattr(Recorder, "request", fail)
    with world.connect() as client:
        assert exchange(client, b"GET /secret HTTP/1.1\r\nHost: a\r\n\r\n") == b""
    seen = world.stop()
    assert one(seen, "flow.closed").error == "NotImplementedError: on purpose"
    assert b"/secret" in world.body(one(seen, "stream.data").body)
    assert "end: 1." in one(seen, "gap.noted").text


def test_a_failing_service_does_not_lose_the_request(make_world):
    def fail(_request):
        raise ZeroDivisionError

    world = make_world(extra_services=(Service(name="bad", reply=fail),)).ready()
    connection = https(world)
    with pytest.raises((OSError, http.client.HTTPException)):
        post(connection, "/x", b"the body")
    connection.close()
    seen = world.stop()
    assert world.body(bodies_of(seen, "out")[0].body) == b"the body"
    assert one(seen, "flow.closed").error.startswith("ZeroDivisionError")


def test_connections_made_before_the_proxy_is_ready(make_world):
    world = make_world()
    connection = https(world)
    response, _ = post(connection, "/early", b"x")
    connection.close()
    assert response.status == 200
    assert one(world.stop(), "http.request").url == "https://api.example.com/early"


def test_hundreds_of_short_connections(world):
    for number in range(300):
        client = world.connect()
        if number % 3:
            client.sendall(b"n%03d" % number)
        client.close()
    seen = world.stop()
    assert len(seen["flow.opened"]) == len(seen["flow.closed"]) == len(world.identified) == 300
    assert sum(each.bytes for each in seen["stream.data"]) == 800


def test_concurrency_is_bounded(make_world, monkeypatch):
    world = make_world().ready()
    world.internet._gateway._limit = 8
    held = [world.connect() for _ in range(20)]
    time.sleep(0.3)
    assert len(world.internet._gateway._tasks) == 8
    for each in held:
        each.close()
    assert len(world.stop()["flow.closed"]) == 20


def test_backlog_is_recorded_when_stopping(world):
    clients = [world.connect() for _ in range(100)]
    for each in clients:
        each.sendall(b"last words")
        each.close()
    assert len(world.stop()["stream.data"]) == 100


def test_stop_without_start(make_world):
    world = make_world()
    assert "flow.opened" not in world.stop()


def test_basic_auth_and_odd_header_bytes_are_text(world, exchange):
    token = base64.b64encode(b"user:secret")
    with world.connect() as client:
        exchange(
            client,
            b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic %b\r\nX-Name: M\xfcller\r\nX-Utf: \xc3\xa9\r\n\r\n"
            % token,
            until=b"{}",
        )
    headers = dict(one(world.stop(), "http.request").headers)
    assert (headers["X-Name"], headers["X-Utf"]) == ("Müller", "é")
