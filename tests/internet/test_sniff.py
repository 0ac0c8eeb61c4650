"""First bytes of clients, whole and cut at every position."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.internet.sniff import H2_PREFACE
from auditor.internet.sniff import MAX_REQUEST_LINE
from auditor.internet.sniff import Speaks
from auditor.internet.sniff import name_datagram
from auditor.internet.sniff import sniff

CASES = [
    (b"\x16\x03\x01\x02\x00\x01", Speaks.TLS),
    (b"\x16\x03\x01\x02\x00\x02", Speaks.RAW),
    (b"\x16\x09", Speaks.RAW),
    (b"GET / HTTP/1.1\r\n", Speaks.HTTP1),
    (b"\r\nPOST /x?y HTTP/1.0\n", Speaks.HTTP1),
    (b"M-SEARCH * HTTP/1.1\r\n", Speaks.HTTP1),
    (b"CONNECT api.example.com:443 HTTP/1.1\r\n", Speaks.CONNECT),
    (H2_PREFACE, Speaks.HTTP2),
    (b"NICK somebody\r\n", Speaks.RAW),
    (b"GET /\r\n", Speaks.RAW),
    (b"EHLO laptop-7\r\n", Speaks.RAW),
    (b'{"jsonrpc": "2.0"}', Speaks.RAW),
    (b"\x00\x1d\xab\xcd\x01\x20\x00\x01\x00\x00\x00\x00\x00\x01", Speaks.DNS),
    (b"\x00\x1d\xab\xcd\x81\x20\x00\x01\x00\x00\x00\x00\x00\x01", Speaks.RAW),
    (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", Speaks.RAW),
    (b"\x00\x01\x02", Speaks.RAW),
    (b"SSH-2.0-OpenSSH_9.2\r\n", Speaks.RAW),
    (b"*1\r\n$4\r\nPING\r\n", Speaks.RAW),
    (b"GET /" + b"a" * MAX_REQUEST_LINE, Speaks.RAW),
]


@pytest.mark.parametrize(("data", "speaks"), CASES)
def test_first_bytes(data, speaks):
    assert sniff(data) is speaks


@pytest.mark.parametrize(
    ("data", "speaks"), [case for case in CASES if case[1] is not Speaks.RAW and len(case[0]) < 99]
)
def test_waits_for_enough(data, speaks):
    answers = {sniff(data[:end]) for end in range(len(data))}
    assert answers <= {None, speaks}
    assert sniff(data + b"Host: x\r\n\r\n") is speaks


def test_nothing_yet():
    assert sniff(b"") is None
    assert sniff(b"hello world without an end") is None


@given(st.binary(max_size=100), st.binary(max_size=20))
def test_a_decision_is_never_taken_back(data, more):
    decided = sniff(data)
    assert decided is None or sniff(data + more) in (decided, Speaks.RAW)


def test_datagrams():
    assert name_datagram(b"\xc3\x00\x00\x00\x01\x08") == "quic"
    assert name_datagram(b"\x1b" + b"\0" * 47) == "raw"
    assert name_datagram(b"") == "raw"
    assert name_datagram(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)) == "stun"
    assert name_datagram(b"\xc3\x1a\x2a\x3a\x4a\x08" + bytes(1200)) == "quic"
    assert name_datagram(b"\xc3\x1a\x2a\x3a\x4a\x08" + bytes(100)) == "raw"
