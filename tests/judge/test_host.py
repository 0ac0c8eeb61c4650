from __future__ import annotations

import pytest

from auditor.judge import host
from auditor.model.run import Declared


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("eu.i.posthog.com", "posthog.com"),
        ("Raw.GithubUserContent.com.", "raw.githubusercontent.com"),
        ("localhost", ""),
        ("co.uk", ""),
        ("", ""),
    ],
)
def test_the_registered_domain_follows_the_public_suffix_list(name, registered):
    assert host.registered_domain(name) == registered


def test_the_site_falls_back_to_name_and_address():
    assert host.site("a.b.example.com", "198.18.0.1") == "example.com"
    assert host.site("Printer.", "198.18.0.1") == "printer"
    assert host.site("", "192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize(
    ("domain", "ip", "scope"),
    [
        ("a.example", "127.0.0.1", "named"),
        ("", "127.0.0.1", "loopback"),
        ("", "::1", "loopback"),
        ("", "192.168.1.2", "private"),
        ("", "fd77::1", "private"),
        ("", "169.254.169.254", "link-local"),
        ("", "224.0.0.251", "multicast"),
        ("", "ff02::fb", "multicast"),
        ("", "255.255.255.255", "broadcast"),
        ("", "8.8.8.8", "public"),
        ("", "junk", "public"),
    ],
)
def test_a_bare_address_is_of_a_kind(domain, ip, scope):
    assert host.scope(domain, ip) == scope


def test_the_most_exact_declaration_names_the_purpose():
    declared = (
        Declared(host="*.example.com", purpose="telemetry"),
        Declared(host="*.eu.example.com", purpose="account"),
        Declared(host="api.example.com", purpose="cloud-inference"),
    )
    assert host.declared_purpose(["", "API.example.com."], declared) == "cloud-inference"
    assert host.declared_purpose(["", "x.example.com"], declared) == "telemetry"
    assert host.declared_purpose(["", "x.eu.example.com"], declared) == "account"
    assert host.declared_purpose(["", "example.com"], declared) == ""
    assert host.declared_purpose(["", "badexample.com"], declared) == ""
