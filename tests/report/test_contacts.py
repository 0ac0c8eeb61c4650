from __future__ import annotations

from auditor.report.contacts import UNKNOWN_ENTITY
from auditor.report.contacts import organisations


def test_whoever_was_sent_most_comes_first(failing):
    sent = [organisation.bytes_out for organisation in organisations(failing)]
    assert sent == sorted(sent, reverse=True)
    assert sum(sent) == sum(flow.bytes_out for flow in failing.flows)


def test_every_flow_is_in_exactly_one_contact(failing):
    seen = [
        flow
        for organisation in organisations(failing)
        for host in organisation.hosts
        for contact in host.contacts
        for flow in contact.flows
    ]
    assert sorted(seen) == sorted(flow.id for flow in failing.flows)


def test_flows_of_one_process_to_one_host_are_added_up(failing):
    langchain = next(item for item in organisations(failing) if item.name == "LangChain")
    (host,) = langchain.hosts
    (contact,) = host.contacts
    assert (contact.connections, contact.bytes_out) == (2, 1234 + 860)
    assert contact.purposes == ("carried what was typed", "telemetry")
    assert contact.canaries == ("prompt-1", "identity-hostname")
    assert len(contact.requests) == 2


def test_a_lookup_that_nothing_followed_is_a_contact(failing):
    chat = next(item for item in organisations(failing) if item.name == "Chat Ltd")
    assert chat.hosts[0].name == "update.chat.example"
    assert chat.hosts[0].contacts[0].purposes == ("name look-up only",)
    assert chat.hosts[0].contacts[0].connections == 0


def test_hosts_of_nobody_known_are_grouped(failing):
    unknown = next(item for item in organisations(failing) if item.name == UNKNOWN_ENTITY)
    assert {host.name for host in unknown.hosts} == {"203.0.113.9", "xn--pypl-53dc.example"}


def test_only_declared_contacts_are_called_declared(failing):
    declared = {
        host.name
        for organisation in organisations(failing)
        for host in organisation.hosts
        if all(contact.declared for contact in host.contacts)
    }
    assert declared == {"models.example.org"}


def test_no_contact_no_organisation(passing):
    assert organisations(passing) == ()
