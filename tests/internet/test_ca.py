"""The authority, checked by OpenSSL with strict rules."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.internet.ca import make_ca


def test_name_says_nothing_about_watching():
    name = make_ca().certificate.subject.rfc4514_string().lower()
    assert not any(word in name for word in ("audit", "mitm", "proxy", "sandbox", "test", "intercept"))


def test_each_run_has_its_own_key():
    assert make_ca().certificate_pem != make_ca().certificate_pem


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("api.example.com", x509.DNSName),
        ("a" * 63 + ".example.com", x509.DNSName),
        ("198.18.0.16", x509.IPAddress),
        ("fd77:a0d1::10", x509.IPAddress),
    ],
)
def test_leaf_passes_strict_verification(tmp_path, host, kind):
    ca = make_ca()
    leaf = ca.issue(host)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(kind)] == [host]
    (tmp_path / "ca.pem").write_bytes(ca.certificate_pem)
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
    subprocess.run([*command, "-CAfile", tmp_path / "ca.pem", tmp_path / "leaf.pem"], check=True)


def test_name_that_is_none():
    with pytest.raises(ValueError, match=r".+"):
        make_ca().issue("münchen.example")


@pytest.mark.parametrize("module", ["ca", "internet", "gateway_sockets"])
def test_import_is_light(module):
    code = (
        f"import sys, auditor.internet.{module}; "
        "print(*(name for name in ('mitmproxy', 'cryptography', 'OpenSSL') if name in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "\n"
