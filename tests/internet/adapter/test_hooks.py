"""Why a handshake failed, in OpenSSL's and the proxy's words."""

from __future__ import annotations

import pytest

from auditor.internet.adapter.hooks import reason_of


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("tlsv1 alert unknown ca", "unknown ca"),
        ("ssl/tls alert bad certificate", "bad certificate"),
        (
            "OpenSSL Error([('SSL routines', '', 'ssl/tls alert certificate unknown')])",
            "certificate unknown",
        ),
        ("TLS Error: [('SSL routines', '', 'tlsv1 alert unknown ca')]", "unknown ca"),
        ("connection closed", "disconnected"),
        ("Cannot parse ClientHello: 160301", "not a ClientHello"),
        ("OpenSSL Error([('SSL routines', '', 'no shared cipher')])",) * 2,
    ],
)
def test_reason(error, reason):
    assert reason_of(error) == reason
