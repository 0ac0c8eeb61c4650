from __future__ import annotations

from auditor.classify import ledger as ledgers
from auditor.classify.wire.known import Wire
from auditor.classify.wire.known import key
from auditor.classify.wire.known import packed
from auditor.classify.wire.known import text
from auditor.evidence import journal
from auditor.parse.packet import dissect

BOX, GATEWAY = "192.168.77.23", "192.168.77.1"


def wire_of(run):
    return Wire(ledgers.read(journal.read(run.seal().events)))


def test_addresses_are_packed_and_back():
    assert text(packed("fd77::23%eth0")) == "fd77::23"
    assert (packed("no address"), text(b"")) == (b"", "")


def test_flows_and_datagram_lookups_are_known(run):
    run.flow("10.1", "198.18.0.5", 443, client_port=4001)
    run.lookup("10.1", "x.example", client_port=4002)
    run.lookup("10.1", "y.example", client_port=4003, transport="tcp", flow="f9")
    assert wire_of(run).known == {
        key("tcp", BOX, 4001, "198.18.0.5", 443),
        key("udp", BOX, 4002, GATEWAY, 53),
    }


def test_some_can_be_forgotten(run):
    run.flow("10.1", "198.18.0.5", 443, client_port=4001)
    wire = wire_of(run)
    other = wire.without([key("tcp", BOX, 4001, "198.18.0.5", 443)])
    assert (len(wire.known), len(other.known)) == (1, 0)


def test_our_own_hardware_address_tells_what_left(blank, frames):
    blank.open(gateway_mac="3c:fd:fe:00:00:01")
    wire = wire_of(blank)
    sent, came = (
        frames.udp("203.0.113.1", 1, "203.0.113.2", 2, b"x", arriving=arriving) for arriving in (False, True)
    )
    assert (wire.left(sent, dissect(sent)), wire.left(came, dissect(came))) == (True, False)
    assert wire.left(sent[:20], None)
    assert not wire.left(came[:20], None)
    assert packed("fe80::3efd:feff:fe00:1") in wire.gateways


def test_without_it_the_addresses_of_the_box_tell(run, frames):
    run.flow("10.1")
    wire = wire_of(run)

    def left(source, destination):
        frame = frames.udp(source, 1, destination, 2, b"x")
        return wire.left(frame, dissect(frame))

    assert left(BOX, "203.0.113.1")
    assert not left("203.0.113.1", BOX)
    assert left("169.254.1.1", "224.0.0.251")
    assert not left("192.168.77.1", "192.168.77.200")
    assert wire.left(b"broken", None)


def test_time_gives_the_phase_and_the_launch(run):
    run.clock = 5.0
    run.phase("control")
    wire = wire_of(run)
    zero = next(iter(journal.read(run.directory.events)))
    at = int((zero.t - zero.mono) * 1e9)
    assert (wire.phase(at - 10**9), wire.role(at - 10**9)) == ("", "app")
    assert (wire.phase(at + 2 * 10**9), wire.role(at + 2 * 10**9)) == ("start", "app")
    assert (wire.phase(at + 9 * 10**9), wire.role(at + 9 * 10**9)) == ("control", "control")
    assert wire.mono(at + 2 * 10**9) == 2.0


def test_before_any_phase_nothing_is_the_apps(blank):
    assert wire_of(blank).role(1) == "control"
