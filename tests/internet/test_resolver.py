"""What the name server answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.internet import resolver as module
from auditor.internet.resolver import IPV4_POOL
from auditor.internet.resolver import IPV6_POOL
from auditor.internet.resolver import Resolver
from auditor.parse import dns
from auditor.parse.dns import Message
from auditor.parse.dns import Question
from auditor.parse.dns import Type

OWN = {"laptop-7": ("192.168.77.23", "fd77::23")}


def ask(resolver, name, kind, **options):
    query = Message(id=7, questions=(Question(name=name, type=kind),), recursion_desired=True, **options)
    answered = resolver.respond(dns.encode(query))
    return dns.parse(answered.wire), answered.asked[0]


@pytest.fixture
def resolver():
    return Resolver(OWN)


def test_every_name_has_its_own_addresses(resolver):
    pairs = [resolver.addresses_of(f"host{number}.example") for number in range(500)]
    assert len(set(pairs)) == 500
    assert all(module.ipaddress.ip_address(v4) in IPV4_POOL for v4, _ in pairs)
    assert all(module.ipaddress.ip_address(v6) in IPV6_POOL for _, v6 in pairs)


def test_an_address_is_stable_and_leads_back_to_its_name(resolver):
    response, asked = ask(resolver, "Api.Example.com", Type.A)
    assert asked.name == "Api.Example.com"
    assert asked.answers == resolver.addresses_of("api.example.com")[:1]
    assert resolver.name_of(asked.answers[0]) == "api.example.com"
    assert response.questions[0].name == "Api.Example.com"
    assert (response.id, response.rcode) == (7, 0)


def test_aaaa(resolver):
    _, asked = ask(resolver, "api.example.com", Type.AAAA)
    assert asked.answers == resolver.addresses_of("api.example.com")[1:]


@pytest.mark.parametrize(
    "kind", [Type.HTTPS, Type.SVCB, Type.TXT, Type.MX, Type.SRV, Type.CNAME, Type.NS, 4711]
)
def test_the_rest_is_empty_and_no_error(resolver, kind):
    response, asked = ask(resolver, "_x._tcp.example.com", kind)
    assert (asked.rcode, asked.answers) == ("NOERROR", ())
    assert [record.type for record in response.authority] == [Type.SOA]


def test_pointer_to_a_name_that_was_given_out(resolver):
    v4, v6 = resolver.addresses_of("cdn.example.net")
    for address in (v4, v6):
        reverse = module.ipaddress.ip_address(address).reverse_pointer
        assert ask(resolver, reverse, Type.PTR)[1].answers == ("cdn.example.net",)
    assert ask(resolver, "1.2.0.192.in-addr.arpa", Type.PTR)[1].answers == ()


def test_own_name_and_localhost(resolver):
    assert ask(resolver, "LAPTOP-7", Type.A)[1].answers == ("192.168.77.23",)
    assert ask(resolver, "laptop-7", Type.AAAA)[1].answers == ("fd77::23",)
    assert ask(resolver, "localhost", Type.A)[1].answers == ("127.0.0.1",)
    assert ask(resolver, "app.localhost", Type.AAAA)[1].answers == ("::1",)
    assert ask(resolver, "23.77.168.192.in-addr.arpa", Type.PTR)[1].answers == ("laptop-7",)


def test_offline_fails_everything():
    assert ask(Resolver(OWN, offline=True), "example.com", Type.A)[1].rcode == "SERVFAIL"


def test_edns_is_answered_with_edns(resolver):
    opt = dns.Record(name="", type=Type.OPT, klass=4096)
    assert ask(resolver, "example.com", Type.A, additional=(opt,))[0].edns
    assert not ask(resolver, "example.com", Type.A)[0].edns


def test_other_opcodes_and_several_questions(resolver):
    assert ask(resolver, "example.com", Type.A, opcode=5)[1].rcode == "NOTIMP"
    question = Question(name="a.example", type=Type.A)
    answered = resolver.respond(dns.encode(Message(id=1, questions=(question, question))))
    assert [asked.rcode for asked in answered.asked] == ["FORMERR", "FORMERR"]


def test_a_response_is_no_query(resolver):
    with pytest.raises(ValueError, match="query"):
        resolver.respond(dns.encode(Message(id=1, response=True)))


def test_invented_names_do_not_fill_the_memory(resolver, monkeypatch):
    monkeypatch.setattr(module, "MAX_NAMES", 10)
    pairs = {resolver.addresses_of(f"tunnel{number}.example") for number in range(100)}
    assert len(pairs) == 11
    assert len(resolver._numbers) == 10


@given(st.binary(max_size=200))
def test_any_bytes(data):
    try:
        answered = Resolver(OWN).respond(data)
    except ValueError:
        return
    assert dns.parse(answered.wire).response
