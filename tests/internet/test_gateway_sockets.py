"""Addresses as the kernel gives them, and as we write them."""

from __future__ import annotations

import pytest

from auditor.internet.gateway_sockets import Endpoint
from auditor.internet.gateway_sockets import GatewaySockets
from auditor.internet.gateway_sockets import endpoint


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (("198.18.0.1", 80), ("198.18.0.1", 80)),
        (("::ffff:198.18.0.1", 80, 0, 0), ("198.18.0.1", 80)),
        (("fe80::1%eth0", 80, 0, 2), ("fe80::1", 80)),
        (("fd77:a0d1::10", 443, 0, 0), ("fd77:a0d1::10", 443)),
    ],
)
def test_endpoint(address, expected):
    assert endpoint(address) == Endpoint(*expected)


def test_missing_families_are_left_out():
    assert GatewaySockets().tcp == GatewaySockets().udp == ()
