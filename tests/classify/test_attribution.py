from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.model import observation as o
from auditor.model.process import NOBODY


def flows(run):
    return classify(run.seal()).flows


def test_cookie_joins_a_flow_to_its_process(run):
    run.flow("10.1")
    [flow] = flows(run)
    assert (flow.process.attribution, flow.process.executable) == ("cookie", "/usr/bin/python3.11")


def test_cookie_of_a_datagram_socket_takes_the_call_to_that_address(run):
    run.process("11.2", "10.1", "/bin/other")
    run.call("10.1", "198.18.0.5", 7009, cookie=900, type="dgram", call="sendto")
    run.call("11.2", "198.18.0.6", 7009, cookie=900, type="dgram", call="sendto")
    run.flow("", "198.18.0.5", 7009, transport="udp", cookie=900)
    flow = next(one for one in flows(run) if one.id == "f1")
    assert flow.process.key == "10.1"


def test_inode_is_the_second_choice(run):
    run.flow("", owner="10.1")
    [flow] = flows(run)
    assert flow.process.attribution == "inode"


def test_recent_connect_is_the_third_choice(run):
    run.call("10.1", "198.18.0.5", 443)
    run.flow("")
    [flow] = flows(run)
    assert flow.process.attribution == "recent-connect"


@pytest.mark.parametrize(("address", "wait"), [("198.18.0.5", 1.5), ("198.18.0.6", 0.0)])
def test_old_or_other_connects_prove_nothing(run, address, wait):
    run.call("10.1", address, 443)
    run.clock += wait
    run.flow("")
    flow = next(one for one in flows(run) if one.id == "f1")
    assert flow.process == NOBODY


def test_datagrams_of_sockets_that_are_gone_are_laid_to_their_senders_in_order(run):
    run.process("11.2", "10.1", "/bin/other")
    run.process("12.3", "10.1", "/bin/third")
    server = ("192.168.77.1", 53)
    run.call("10.1", *server, cookie=901, type="dgram")
    run.call("11.2", *server, cookie=902, type="dgram")
    run.call("12.3", *server, cookie=903, type="dgram")
    for name, port, cookie in (("b", 5002, 0), ("b", 5002, 0), ("a", 5001, 901), ("c", 5003, 903)):
        query = o.DnsQuery(
            transport="udp", client_ip="192.168.77.23", client_port=port, server_ip=server[0], server_port=53,
            name=f"{name}.example", type="A", rcode="NOERROR", answers=(), cookie=cookie, inode=0,
        )  # fmt: skip
        run.write(query)
    owners = {one.name: one.process.key for one in classify(run.seal()).lookups}
    assert owners == {"a.example": "10.1", "b.example": "11.2", "c.example": "12.3"}


def test_lookups_are_attributed_like_flows(run):
    run.lookup("10.1", "example.org", "198.18.0.5")
    run.lookup("", "example.net", "198.18.0.6", cookie=0, owner="10.1")
    first, second = classify(run.seal()).lookups
    assert (first.process.attribution, second.process.attribution) == ("cookie", "inode")


def test_phase_decides_the_launch_when_the_process_is_unknown(run):
    run.phase("control")
    run.flow("")
    assert flows(run) == ()


def test_daemon_of_the_app_stays_the_apps_during_our_phases(run):
    run.phase("reference")
    run.flow("10.1")
    assert len(flows(run)) == 1


def test_listener_by_bind(run):
    from auditor.model import observation as o

    run.call("10.1", "0.0.0.0", 8000, call="bind")
    run.write(o.ListenerSeen(transport="tcp", address="0.0.0.0", port=8000, inode=5, owner="", role="app"))
    [listener] = classify(run.seal()).listeners
    assert (listener.process.attribution, listener.exposure) == ("bind", "all-interfaces")


OURS = o.ControlSent(
    channel="tcp", token="control-tcp", ok=True, round="before",
    client_ip="192.168.77.23", client_port=40001, server_ip="203.0.113.9", server_port=7007,
)  # fmt: skip


def test_what_nobody_owns_on_the_controls_socket_is_not_the_apps(run):
    run.write(OURS)
    run.flow("", "203.0.113.9", 7007, client_port=40001)
    run.lookup("", "x.example", client_port=40001, server_ip="203.0.113.9", server_port=7007)
    case = classify(run.seal())
    assert (case.flows, case.lookups) == ((), ())


def test_nor_is_it_by_a_call_of_the_apps_to_the_same_address(run):
    run.call("10.1", "203.0.113.9", 7007)
    run.write(OURS)
    run.flow("", "203.0.113.9", 7007, client_port=40001)
    assert [one.id for one in flows(run)] == ["a1"]


def test_a_second_socket_with_the_same_ends_is_the_apps(run):
    run.write(OURS)
    for _ in range(2):
        run.flow("", "203.0.113.9", 7007, client_port=40001)
    assert [one.id for one in flows(run)] == ["f2"]


def test_the_first_is_the_apps_too_where_its_socket_is_known(run):
    run.write(OURS)
    run.flow("10.1", "203.0.113.9", 7007, client_port=40001)
    assert [one.id for one in flows(run)] == ["f1"]


@pytest.mark.parametrize(("port", "expected"), [(40001, ["f1"]), (40002, ["f1", "p1"])])
def test_its_packets_that_nobody_took_are_not_the_apps_either(run, frames, port, expected):
    run.write(OURS)
    run.phase("start")
    run.flow("10.1")
    run.capture(frames.udp("192.168.77.23", port, "203.0.113.9", 7007, b"value"))
    assert [one.id for one in flows(run)] == expected
