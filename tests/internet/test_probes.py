"""A certificate that must be refused, shown to clients that verify and to one that does not."""

from __future__ import annotations

import ssl

import pytest

from auditor.internet.gateway_sockets import Identity
from auditor.internet.probes import Probes

REQUEST = b"GET /x HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n"


@pytest.fixture
def probing(make_world):
    world = make_world(probe_verification=True)
    world.internet._book._identify = lambda *_: Identity(cookie=1, inode=7, app="10.1")
    return world.ready()


def ask(world, context, exchange):
    with context.wrap_socket(world.connect(), server_hostname="api.example.com") as client:
        return exchange(client, REQUEST, until=b"\r\n\r\n")


def test_a_client_that_verifies_is_refused_once(probing, exchange):
    context = probing.client_context()
    assert b" 200 OK" in ask(probing, context, exchange)
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(probing, context, exchange)
    for _ in range(2):
        assert b" 200 OK" in ask(probing, context, exchange)
    seen = probing.stop()
    assert [(each.reason, each.probe) for each in seen["tls.failed"]] == [("unknown ca", True)]
    assert len(seen["http.request"]) == 3
    assert "tls.unverified" not in seen


def test_a_client_that_does_not_verify_is_found(probing, exchange):
    context = probing.client_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for _ in range(3):
        assert b" 200 OK" in ask(probing, context, exchange)
    seen = probing.stop()
    assert [(each.flow, each.host) for each in seen["tls.unverified"]] == [("f2", "api.example.com")]
    assert len(seen["http.request"]) == 3


def test_nobody_is_probed_by_default(world, exchange):
    world.internet._book._identify = lambda *_: Identity(cookie=1, inode=7, app="10.1")
    context = world.client_context()
    for _ in range(3):
        assert b" 200 OK" in ask(world, context, exchange)
    assert "tls.failed" not in world.stop()


def test_whom_to_probe():
    probes = Probes()
    assert not probes.due("10.1", "a.example")
    probes.established("10.1", "a.example")
    assert not probes.due("10.2", "a.example")
    assert [probes.due("10.1", "a.example") for _ in range(3)] == [True, False, False]
    probes.established("", "a.example")
    assert not probes.due("", "a.example")
