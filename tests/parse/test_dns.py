"""DNS messages: real ones, round trips, and bytes that are none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import dns

REAL_QUERY = bytes.fromhex(
    "1a2b01200001000000000001"  # id, RD+AD, one question, one additional
    "076578616d706c65036f72670000410001"  # example.org HTTPS IN
    "0000291000000000000000"
)  # fmt: skip
REAL_RESPONSE = bytes.fromhex(
    "1a2b81800001000200000000"
    "03777777076578616d706c65036f72670000010001"
    "c00c000500010000012c0002c010"
    "c010000100010000012c00045db8d822"
)  # fmt: skip

labels = st.binary(min_size=1, max_size=20).map(dns._escape)
names = st.lists(labels, max_size=5).map(".".join)
u16 = st.integers(0, 0xFFFF)
questions = st.builds(dns.Question, name=names, type=u16, klass=u16)
records = st.builds(
    dns.Record, name=names, type=u16, klass=u16, ttl=st.integers(0, 2**32 - 1), data=st.binary(max_size=30)
)
several = st.lists(records, max_size=3).map(tuple)
messages = st.builds(
    dns.Message,
    id=u16,
    response=st.booleans(),
    opcode=st.integers(0, 15),
    authoritative=st.booleans(),
    truncated=st.booleans(),
    recursion_desired=st.booleans(),
    recursion_available=st.booleans(),
    rcode=st.integers(0, 15),
    questions=st.lists(questions, max_size=3).map(tuple),
    answers=several,
    authority=several,
    additional=several,
)


def test_query_as_sent_by_a_stub_resolver():
    message = dns.parse(REAL_QUERY)
    assert message.questions == (dns.Question(name="example.org", type=dns.Type.HTTPS),)
    assert message.edns
    assert message.recursion_desired
    assert not message.response


def test_response_with_compressed_names():
    message = dns.parse(REAL_RESPONSE)
    assert [record.name for record in message.answers] == ["www.example.org", "example.org"]
    assert message.answers[1].data == bytes([93, 184, 216, 34])


QUERY = dns.encode(dns.Message(id=7, questions=(dns.Question(name="a.example", type=dns.Type.A),)))


@pytest.mark.parametrize("rest", [b"", bytes.fromhex("0000290200000000000000")])
def test_ordinary_queries_hold_nothing_beside_their_questions(rest):
    assert dns.beside(QUERY[:11] + bytes([bool(rest)]) + QUERY[12:] + rest) == b""


@pytest.mark.parametrize("rest", [b"hidden", bytes.fromhex("000029020000000000000afde90006") + b"hidden"])
def test_what_a_query_holds_beside_its_questions(rest):
    assert dns.beside(QUERY + rest) == rest


def test_pointer_loop_is_refused():
    looping = REAL_QUERY[:12] + b"\xc0\x0c\0\1\0\1"
    with pytest.raises(ValueError, match="points forward"):
        dns.parse(looping)


def test_long_name_is_refused():
    with pytest.raises(ValueError, match="malformed"):
        dns.parse(REAL_QUERY[:12] + b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1")


def test_bytes_in_labels_survive():
    wire = b"\x05a.b\\\xff\x01c\x00"
    name, end = dns.read_name(wire, 0)
    assert name == "a\\046b\\092\\255.c"
    assert end == len(wire)
    assert dns.encode_name(name) == wire


@pytest.mark.parametrize("name", ["a..b", "a" * 64, "\\12", "é", ".".join(["a" * 60] * 5)])
def test_names_that_do_not_fit(name):
    with pytest.raises(ValueError, match=r".+"):
        dns.encode_name(name)


def test_address_records():
    assert dns.address_record("x", "198.18.0.1", ttl=1).type == dns.Type.A
    assert dns.address_record("x", "fd00::1", ttl=1).data[-1] == 1


def test_reverse_names():
    assert dns.reverse_address("1.0.18.198.IN-ADDR.ARPA") == "198.18.0.1"
    nibbles = ".".join(reversed("fd77a0d1" + "0" * 23 + "5"))
    assert dns.reverse_address(f"{nibbles}.ip6.arpa") == "fd77:a0d1::5"
    for name in ("example.org", "1.2.in-addr.arpa", "300.0.0.1.in-addr.arpa", "x." * 32 + "ip6.arpa"):
        with pytest.raises(ValueError, match=r".+"):
            dns.reverse_address(name)


def test_names_of_numbers():
    assert (dns.type_name(28), dns.type_name(4711)) == ("AAAA", "TYPE4711")
    assert (dns.rcode_name(2), dns.rcode_name(11)) == ("SERVFAIL", "RCODE11")


def test_reply_keeps_what_a_client_checks():
    reply = dns.reply_to(dns.parse(REAL_QUERY), rcode=dns.Rcode.SERVFAIL)
    again = dns.parse(dns.encode(reply))
    assert (again.id, again.questions, again.rcode) == (0x1A2B, reply.questions, 2)
    assert again.edns


@given(messages)
def test_round_trip(message):
    assert dns.parse(dns.encode(message)) == message


@given(st.binary(max_size=600))
def test_any_bytes_give_a_value_or_a_value_error(data):
    with contextlib.suppress(ValueError):
        dns.parse(data)


@given(st.integers(0, len(REAL_RESPONSE) - 1), st.integers(0, 255), st.integers(0, len(REAL_RESPONSE)))
def test_mutated_messages(position, byte, end):
    mutated = bytearray(REAL_RESPONSE)
    mutated[position] = byte
    with contextlib.suppress(ValueError):
        dns.parse(bytes(mutated[:end]))


def test_data_as_text():
    assert dns.data_text(dns.address_record("a", "198.18.0.1", ttl=1)) == "198.18.0.1"
    assert (
        dns.data_text(dns.Record(name="a", type=dns.Type.PTR, data=dns.encode_name("b.example")))
        == "b.example"
    )
    assert dns.data_text(dns.Record(name="a", type=dns.Type.TXT, data=b"\x02hi")) == "026869"
    for broken in (dns.Record(name="a", type=dns.Type.A, data=b"x"), dns.Record(name="a", type=dns.Type.PTR)):
        with pytest.raises(ValueError, match=r"."):
            dns.data_text(broken)
