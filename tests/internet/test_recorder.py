"""The words of the record: hosts, texts, URLs."""

from __future__ import annotations

import pytest

from auditor.internet.recorder import Head
from auditor.internet.recorder import hostname
from auditor.internet.recorder import text


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("API.Example.com", "api.example.com"),
        ("api.example.com.:8443", "api.example.com"),
        ("198.18.0.16:80", "198.18.0.16"),
        ("[fd77:a0d1::10]:443", "fd77:a0d1::10"),
        ("[fd77:a0d1::10]", "fd77:a0d1::10"),
        ("fd77:a0d1::10", "fd77:a0d1::10"),
        ("", ""),
    ],
)
def test_host_of_an_authority(authority, host):
    assert hostname(authority) == host


def test_no_byte_of_a_header_is_lost():
    assert text("é".encode()) == "é"
    assert text(b"\xff\xfe") == "ÿþ"


def test_url():
    head = Head(method="GET", scheme="https", authority="a:8443", path="/x?y", version="HTTP/1.1", fields=())
    assert head.url == "https://a:8443/x?y"
