from __future__ import annotations

import pytest

from auditor.classify import hosts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Example.ORG.", "example.org"), ("example.org:8443", "example.org"), ("[::1]:80", "::1"),
        ("fd77::1", "fd77::1"), (" a.b ", "a.b"), ("", ""),
    ],
)  # fmt: skip
def test_canonical(given, expected):
    assert hosts.canonical(given) == expected


def test_host_of_broken_urls_is_empty():
    assert hosts.host_of("http://[::1") == ""
    assert hosts.host_of("/path") == ""
    assert hosts.host_of("https://A.example:1/") == "a.example"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.8.8.8", "loopback"), ("::", "any"), ("239.1.1.1", "multicast"), ("255.255.255.255", "multicast"),
        ("10.0.0.1", "remote"), ("fe80::1%eth0", "remote"), ("nonsense", "remote"), ("169.254.169.254", "remote"),
    ],
)  # fmt: skip
def test_scope(address, expected):
    assert hosts.scope(address) == expected
