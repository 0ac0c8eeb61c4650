"""The authority made by a process of its own is as good as one made here."""

from __future__ import annotations

import os

import pytest
from cryptography import x509

from auditor.internet import ca
from auditor.internet.notary import Commission


def test_its_certificate_and_its_keys_belong_together():
    commission = Commission.give()
    authority = commission.authority()
    assert authority.certificate_pem == commission.certificate_pem
    authority.certificate.verify_directly_issued_by(authority.certificate)
    leaf = authority.issue("api.example.com")
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(commission.certificate_pem))
    assert leaf.public_key() == authority.leaf_key.public_key()


def test_its_name_is_known_before_it_is_made():
    assert Commission.give().authority().subject == list(ca.SUBJECT) == ca.make_ca().subject


def test_the_process_is_gone_afterwards():
    commission = Commission.give()
    assert commission.certificate_pem == commission.certificate_pem
    with pytest.raises(ChildProcessError):
        os.waitpid(commission._pid, os.WNOHANG)


def test_one_that_cannot_be_made_is_an_error(monkeypatch):
    monkeypatch.setattr(ca, "make_ca", lambda: 1 / 0)
    with pytest.raises(ChildProcessError, match="authority"):
        _ = Commission.give().certificate_pem
