from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.model import observation as o
from auditor.model.flow import Visibility


def test_flow_takes_the_name_that_our_resolver_gave_out(run):
    run.lookup("10.1", "Api.Example.ORG", "198.18.0.5")
    flow = run.flow("10.1")
    run.tls(flow, "api.example.org")
    run.request(flow, "https://api.example.org/x", headers=(("Host", "api.example.org:443"),))
    run.close(flow)
    case = classify(run.seal())
    [one] = case.flows
    assert (one.destination.domain, one.destination.ip, one.note) == ("api.example.org", "198.18.0.5", "")
    assert (one.sni, one.ja4, one.protocol, one.bytes_out) == (
        "api.example.org", "t13d1516h2_x_y", "https", 100
    )  # fmt: skip
    assert case.lookups[0].followed
    assert all(ref.startswith("events.jsonl:") for ref in one.evidence)


def test_sni_then_host_name_a_flow_without_lookup(run):
    tls = run.flow("10.1")
    run.tls(tls, "sni.example")
    plain = run.flow("10.1", port=80)
    run.request(plain, "http://host.example/")
    bare = run.flow("10.1", port=80)
    run.request(bare, "http://198.18.0.5/")
    assert [one.destination.domain for one in classify(run.seal()).flows] == [
        "sni.example",
        "host.example",
        "",
    ]


def test_domain_fronting_is_noted(run):
    run.lookup("10.1", "front.example", "198.18.0.5")
    flow = run.flow("10.1")
    run.tls(flow, "front.example")
    run.request(flow, "https://hidden.example/", headers=(("host", "hidden.example"),))
    [one] = classify(run.seal()).flows
    assert one.destination.domain == "front.example"
    assert "hidden.example was named in HTTP (Host)" in one.note


def test_requests_keep_their_order_and_sizes(run):
    flow = run.flow("10.1")
    for number in range(3):
        run.request(flow, f"https://a.example/{number}", b"x" * number, answer=b"four")
    [one] = classify(run.seal()).flows
    assert [request.url[-1] for request in one.requests] == ["0", "1", "2"]
    assert [request.bytes_out for request in one.requests] == [0, 1, 2]
    assert {request.bytes_in for request in one.requests} == {4}
    assert one.requests[1].evidence.startswith("events.jsonl:")


def test_refused_certificate_is_opaque_and_says_what_to_try(run):
    run.process("11.1", "10.1", "/usr/bin/node")
    flow = run.flow("11.1")
    run.tls(flow, "x.example", established=False, failed="tlsv1 alert unknown ca")
    run.close(flow, "tls")
    [one] = classify(run.seal()).flows
    assert one.visibility is Visibility.OPAQUE
    assert "unknown ca" in one.note
    assert "NODE_EXTRA_CA_CERTS" in one.note


def test_what_a_refusal_told_is_kept(run):
    flow = run.flow(run.process("11.1", "10.1", "/usr/bin/node"))
    run.tls(flow, "pinned.example", established=False, failed="unknown ca. Add the authority.")
    run.close(flow, "tls", bytes_out=517)
    [one] = classify(run.seal()).flows
    assert (one.sni, one.alpn, one.ja4, one.alert) == (
        "pinned.example", ("h2",), "t13d1516h2_x_y", "unknown ca"
    )  # fmt: skip
    assert one.trust_store == "NODE_EXTRA_CA_CERTS or --use-system-ca"


def test_a_handshake_that_nobody_refused_names_no_store(run):
    flow = run.flow("10.1")
    run.tls(flow, "x.example", established=False, failed="no shared cipher")
    [one] = classify(run.seal()).flows
    assert (one.alert, one.trust_store, one.visibility) == ("no shared cipher", "", Visibility.OPAQUE)


def test_what_was_refused_inside_a_tunnel_was_not_read(run):
    flow = run.flow("10.1", port=3128)
    run.request(flow, "pinned.example:443", method="CONNECT")
    run.tls(flow, "pinned.example", established=False, failed="unknown ca")
    assert classify(run.seal()).flows[0].visibility is Visibility.OPAQUE


def test_nor_was_it_after_a_talk_in_the_clear(run):
    flow = run.flow("10.1", port=25)
    run.stream(flow, b"EHLO x")
    run.tls(flow, "", established=False, failed="certificate unknown")
    run.close(flow, "smtp", bytes_out=900)
    [one] = classify(run.seal()).flows
    assert (one.visibility, one.alert) == (Visibility.OPAQUE, "certificate unknown")


def test_an_alert_after_requests_hides_nothing(run):
    flow = run.flow("10.1")
    run.tls(flow, "x.example", failed="closed")
    run.request(flow, "https://x.example/", b"hello")
    [one] = classify(run.seal()).flows
    assert (one.visibility, one.alert) == (Visibility.DECRYPTED, "")


def test_silent_handshake_is_recognised(run):
    flow = run.flow("10.1")
    run.tls(flow, "x.example")
    run.close(flow, "tls", bytes_out=600)
    [one] = classify(run.seal()).flows
    assert one.visibility is Visibility.OPAQUE
    assert "accepted our certificate, then sent nothing" in one.note


@pytest.mark.parametrize(
    ("protocol", "data", "sent", "expected"),
    [
        ("raw", b"hello", 5, Visibility.DECRYPTED),
        ("quic", b"\xc3\x00\x00\x00\x01abc", 8, Visibility.OPAQUE),
        ("tls", b"\x16\x03\x01", 3, Visibility.OPAQUE),
        ("raw", b"", 5, Visibility.OPAQUE),
        ("raw", b"", 0, Visibility.METADATA_ONLY),
    ],
)
def test_visibility_of_what_is_no_http(run, protocol, data, sent, expected):
    flow = run.flow("10.1")
    if data:
        run.stream(flow, data)
    run.close(flow, protocol, bytes_out=sent)
    assert classify(run.seal()).flows[0].visibility is expected


def test_stream_inside_opened_tls_was_read(run):
    flow = run.flow("10.1")
    run.tls(flow, "mail.example")
    run.stream(flow, b"EHLO x\r\n")
    run.close(flow, "tls")
    assert classify(run.seal()).flows[0].visibility is Visibility.DECRYPTED


def test_dns_over_tcp_is_a_lookup_unless_it_carries_something_else(run):
    plain = run.flow("10.1", "192.168.77.1", 53)
    run.lookup("10.1", "a.example", "198.18.0.9", transport="tcp", flow=plain)
    run.close(plain, "dns")
    mixed = run.flow("10.1", "192.168.77.1", 53)
    run.lookup("10.1", "b.example", "198.18.0.10", transport="tcp", flow=mixed)
    run.stream(mixed, b"smuggled")
    run.close(mixed, "dns")
    case = classify(run.seal())
    assert [one.id for one in case.flows] == [mixed]
    assert len(case.lookups) == 2


def test_declared_contacts(blank):
    blank.open(declared=(("api.example.org", "x"), ("*.cdn.example", ""), ("198.18.0.7", "")))
    blank.process("10.1")
    for name, ip in (
        ("api.example.org", "198.18.0.1"), ("a.cdn.example", "198.18.0.2"), ("cdn.example", "198.18.0.3"),
        ("notcdn.example", "198.18.0.4"), ("", "198.18.0.7"),
    ):  # fmt: skip
        if name:
            blank.lookup("10.1", name, ip)
        blank.flow("10.1", ip)
    case = classify(blank.seal())
    assert [one.declared for one in case.flows] == [True, True, False, False, True]
    assert [one.declared for one in case.lookups] == [True, True, False, False]


def test_unclosed_flow_is_summed_up_from_what_was_read(run):
    flow = run.flow("10.1", port=80)
    run.request(flow, "http://x.example/", b"12345")
    case = classify(run.leave())
    [one] = case.flows
    assert (one.protocol, one.bytes_out) == ("http", 5)
    assert one.end_s >= one.start_s
    assert not case.run.sealed


def test_websocket_messages_count(run):
    from auditor.model import observation as o

    flow = run.flow("10.1")
    exchange = run.request(flow, "https://x.example/socket", method="GET")
    stored = run.bodies.put(b"hello there")
    run.write(o.WebSocketMessage(exchange=exchange, direction="out", text=True, bytes=11, body=stored.name))
    assert classify(run.seal()).flows[0].requests[0].bytes_out == 11


def test_a_name_server_of_the_apps_own_choice_is_a_contact(run):
    flow = run.flow("10.1", "8.8.8.8", 53, transport="udp")
    run.lookup("10.1", "a.example", "198.18.0.9", server_ip="8.8.8.8", flow=flow)
    run.close(flow, "dns", 33, 49)
    case = classify(run.seal())
    [contact], [lookup] = case.flows, case.lookups
    assert (contact.destination.ip, contact.protocol, contact.bytes_out) == ("8.8.8.8", "dns", 33)
    assert (contact.visibility, contact.note) == (Visibility.DECRYPTED, "")
    assert (lookup.server, lookup.chosen, lookup.server_declared) == ("8.8.8.8", True, False)


def test_the_systems_own_name_server_is_whatever_the_box_was_told(blank):
    blank.open(resolvers=("10.9.9.9",), declared=(("192.168.77.1", ""),))
    blank.process("10.1")
    for server in ("10.9.9.9", "192.168.77.1"):
        flow = blank.flow("10.1", server, 853)
        blank.lookup("10.1", "a.example", server_ip=server, flow=flow, transport="dot")
        blank.close(flow, "dot")
    case = classify(blank.seal())
    assert [one.destination.ip for one in case.flows] == ["192.168.77.1"]
    assert [(one.chosen, one.server_declared) for one in case.lookups] == [(False, False), (True, True)]


def test_a_name_server_over_http_goes_by_its_name(run):
    run.lookup("10.1", "dns.example", "198.18.0.5")
    flow = run.flow("10.1")
    run.request(flow, "https://dns.example/dns-query", b"question")
    run.lookup("10.1", "a.example", server_ip="198.18.0.5", flow=flow, transport="doh")
    asked = classify(run.seal()).lookups[1]
    assert (asked.server_name, asked.transport, asked.chosen) == ("dns.example", "doh", True)


def test_streams_over_quic_were_read_when_the_handshake_went_through(run):
    for established in (True, False):
        flow = run.flow("10.1", transport="udp")
        run.tls(flow, "q.example", established=established)
        run.stream(flow, b"bytes")
        run.close(flow, "quic")
    assert [one.visibility for one in classify(run.seal()).flows] == [Visibility.DECRYPTED, Visibility.OPAQUE]


def test_a_probe_is_neither_unread_nor_nothing(run):
    refused = run.flow("10.1")
    run.tls(refused, "a.example", established=False)
    run.write(o.TlsFailed(flow=refused, reason="unknown ca", probe=True))
    accepted = run.flow("10.1")
    run.tls(accepted, "a.example")
    run.write(o.TlsUnverified(flow=accepted, host="a.example"))
    run.request(accepted, "https://a.example/")
    one, two = classify(run.seal()).flows
    assert (one.visibility, one.unverified) == (Visibility.METADATA_ONLY, False)
    assert "it should refuse" in one.note
    assert (two.visibility, two.unverified) == (Visibility.DECRYPTED, True)
