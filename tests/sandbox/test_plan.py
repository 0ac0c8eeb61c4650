from __future__ import annotations

from ipaddress import ip_interface
from ipaddress import ip_network

from auditor.sandbox.plan import NetworkPlan

PLAN = NetworkPlan(app_mac="02:00:00:00:00:01", gateway_mac="02:00:00:00:00:02")


def test_both_ends_of_the_wire_are_on_one_network():
    assert (
        ip_interface(PLAN.app_ipv4).network
        == ip_interface(PLAN.gateway_ipv4).network
        == ip_network(PLAN.subnet_ipv4)
    )
    assert ip_interface(PLAN.app_ipv6).network == ip_interface(PLAN.gateway_ipv6).network
    assert PLAN.app_ipv4 != PLAN.gateway_ipv4
    assert PLAN.app_ipv6 != PLAN.gateway_ipv6


def test_the_resolvers_are_the_gateway():
    assert PLAN.resolvers == ("192.168.77.1", "fd77::1")
