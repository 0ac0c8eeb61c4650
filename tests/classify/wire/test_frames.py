from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from auditor.classify.case import classify
from auditor.classify.wire.packets import AGAIN
from auditor.evidence import store
from auditor.evidence.bodies import BodyStore
from auditor.evidence.journal import Journal
from auditor.model.frames import FrameKind

BOX, FAR, GATEWAY = "192.168.77.23", "198.18.0.5", "192.168.77.1"
MARKER = "velka-zofin-4821"


@pytest.fixture
def run(blank):
    blank.open(gateway_mac="3c:fd:fe:00:00:01")
    blank.process("10.1")
    return blank


def rows(run):
    ledger = classify(run.seal()).coverage.ledger
    return {row.kind.value: (row.frames, row.items) for row in ledger.rows if row.frames or row.items}


def test_no_capture_no_ledger(run):
    assert classify(run.seal()).coverage.ledger is None


def test_a_read_flow_and_what_keeps_it_going(run, frames):
    flow = run.flow("10.1", FAR, 80, client_port=4001)
    run.request(flow, "http://x.example/", b"hello")
    run.close(flow, "http", bytes_out=5)
    made = [
        frames.tcp(BOX, 4001, FAR, 80, flags=2, seq=9),
        frames.tcp(BOX, 4001, FAR, 80, b"hello", seq=10),
        frames.tcp(BOX, 4001, FAR, 80, flags=17, seq=15),
        frames.tcp(FAR, 80, BOX, 4001, b"answer", arriving=True),
    ]
    run.capture(*made)
    run.packets(captured=4)
    case = classify(run.seal())
    ledger = case.coverage.ledger
    assert {row.kind.value: row.frames for row in ledger.rows if row.frames} == {"read": 1, "housekeeping": 2}
    [read] = [row for row in ledger.rows if row.kind is FrameKind.READ]
    assert (read.bytes, read.payload_bytes, read.items) == (len(made[1]), 5, 1)
    assert (ledger.left.frames, ledger.arrived.frames, ledger.unaccounted) == (3, 1, 0)
    assert ledger.left.bytes == sum(map(len, made[:3]))
    assert not [gap for gap in case.coverage.gaps if "wire" in gap.text or "capture" in gap.text]


@pytest.mark.parametrize(("failed", "kind"), [("unknown ca", "opaque"), ("", "metadata-only")])
def test_flows_that_were_not_read(run, frames, failed, kind):
    flow = run.flow("10.1", FAR, 443, client_port=4001)
    run.tls(flow, "x.example", established=False, failed=failed)
    run.close(flow, "tls", bytes_out=5)
    run.capture(frames.tcp(BOX, 4001, FAR, 443, b"hello"))
    assert rows(run) == {kind: (1, 1)}


def test_lookups_over_udp_and_tcp(run, frames):
    run.lookup("10.1", "x.example", client_port=4002)
    flow = run.flow("10.1", GATEWAY, 53, client_port=4003)
    run.lookup("10.1", "y.example", client_port=4003, transport="tcp", flow=flow)
    run.close(flow, "dns", bytes_out=9)
    run.capture(
        frames.udp(BOX, 4002, GATEWAY, 53, b"question"),
        frames.tcp(BOX, 4003, GATEWAY, 53, b"question2"),
    )
    assert rows(run) == {"lookup": (2, 2)}


def test_our_own_are_apart(run, frames):
    run.phase("control")
    run.process("20.1", role="control")
    flow = run.flow("20.1", FAR, 80, role="control", client_port=4001)
    run.close(flow, "http", bytes_out=5)
    run.lookup("20.1", "x.example", role="control", client_port=4002)
    run.capture(
        frames.tcp(BOX, 4001, FAR, 80, b"hello"),
        frames.tcp(BOX, 4001, FAR, 80, seq=5, flags=16),
        frames.udp(BOX, 4002, GATEWAY, 53, b"question"),
    )
    assert rows(run) == {"own": (3, 0)}


def test_two_flows_with_the_same_ends_count_as_the_one_that_was_not_read(run, frames):
    for failed in ("unknown ca", ""):
        flow = run.flow("10.1", FAR, 443, client_port=4001)
        if failed:
            run.tls(flow, "x.example", established=False, failed=failed)
        else:
            run.stream(flow, b"abc")
        run.close(flow, "tls", bytes_out=3)
    run.capture(
        *(frames.tcp(BOX, 4001, FAR, 443, part, seq=seq) for seq in (9, 99) for part in (b"abc",)),
    )
    assert rows(run) == {"opaque": (2, 2)}


def test_what_the_proxy_missed_of_a_flood_is_searched(run, frames):
    run.canary(MARKER)
    flow = run.flow("10.1", FAR, 9, transport="udp", client_port=4001)
    run.stream(flow, b"first")
    run.close(flow, "raw", bytes_out=5)
    run.capture(frames.udp(BOX, 4001, FAR, 9, b"first"), frames.udp(BOX, 4001, FAR, 9, MARKER.encode()))
    case = classify(run.seal())
    [found] = case.canaries[0].found
    assert (found.where, found.subject, case.flows[0].canaries) == (AGAIN, flow, ("prompt-1",))
    assert (case.coverage.ledger.reread, case.coverage.ledger.unaccounted) == (1, 0)


def test_what_was_sent_when_nobody_listened_is_searched(run, frames):
    run.canary(MARKER)
    flow = run.flow("10.1", FAR, 80, client_port=4001)
    run.stream(flow, b"first")
    run.close(flow, "raw", bytes_out=5)
    run.capture(
        frames.tcp(BOX, 4001, FAR, 80, b"first"), frames.tcp(BOX, 4001, FAR, 80, MARKER.encode(), seq=5)
    )
    case = classify(run.seal())
    assert [(one.where, one.subject) for one in case.canaries[0].found] == [(AGAIN, flow)]
    assert (case.coverage.ledger.unrecorded_bytes, case.coverage.ledger.reread) == (16, 0)


def test_what_the_name_server_missed_is_searched(run, frames):
    run.canary(MARKER)
    run.lookup("10.1", "x.example", client_port=4002)
    run.capture(
        frames.udp(BOX, 4002, GATEWAY, 53, b"question"),
        frames.udp(BOX, 4002, GATEWAY, 53, MARKER.encode()),
    )
    case = classify(run.seal())
    assert [one.where for one in case.canaries[0].found] == [AGAIN]


def test_what_was_recorded_is_not_searched_twice(run, frames):
    run.canary(MARKER)
    flow = run.flow("10.1", FAR, 9, transport="udp", client_port=4001)
    run.stream(flow, MARKER.encode())
    run.close(flow, "raw", bytes_out=16)
    run.capture(frames.udp(BOX, 4001, FAR, 9, MARKER.encode()))
    case = classify(run.seal())
    assert [one.where for one in case.canaries[0].found] == ["stream"]


def test_a_flow_that_was_never_closed_is_searched_as_far_as_it_was_captured(run, frames):
    run.canary(MARKER)
    run.flow("10.1", FAR, 80, client_port=4001)
    run.capture(frames.tcp(BOX, 4001, FAR, 80, MARKER.encode()))
    assert classify(run.leave()).canaries[0].found


PLACES = (BOX, "fd77::23", "0.0.0.0", FAR, "2001:db8::9", "224.0.0.251", "ff02::16", "192.168.77.99", GATEWAY)
ports = st.sampled_from((0, 53, 80, 4001, 4002))
small = st.binary(max_size=40)


def kinds(frames):
    ends = st.tuples(st.sampled_from(PLACES), ports, st.sampled_from(PLACES), ports).filter(
        lambda one: (":" in one[0]) == (":" in one[2])
    )
    arriving = st.booleans()
    return st.one_of(
        st.builds(
            lambda ends, data, arriving, seq, flags: frames.tcp(
                *ends, data, arriving=arriving, seq=seq, flags=flags
            ),
            ends, small, arriving, st.integers(0, 2**32 - 1), st.integers(0, 255),
        ),
        st.builds(
            lambda ends, data, arriving, fragment, id_: frames.udp(
                *ends, data, arriving=arriving, fragment=fragment, id_=id_
            ),
            ends, small, arriving, st.sampled_from((0, 0x2000, 0x2001, 1)), st.integers(0, 2),
        ),
        st.builds(
            lambda ends, data, kind: frames.icmp(ends[0], ends[2], data, kind=kind),
            ends, small, st.integers(0, 255),
        ),
        st.builds(lambda ends, data, number: frames.ip(number, ends[0], ends[2], data), ends, small, st.integers(0, 255)),
        st.builds(frames.ether, st.integers(0, 0xFFFF), small),
        st.binary(max_size=60),
    )  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_every_frame_is_in_exactly_one_row(data, frames, tmp_path_factory):
    """Whatever is on the wire: no exception, and all sums agree."""
    made = data.draw(st.lists(kinds(frames), max_size=30))
    snap = data.draw(st.sampled_from((30, 60, 1 << 18)))
    builder = SimpleNamespace(directory=store.create(tmp_path_factory.mktemp("fuzz") / "run"))
    with contextlib.closing(Journal(builder.directory.events)) as journal:
        run = frames.builder(builder.directory, journal, BodyStore(builder.directory.bodies))
        run.open(gateway_mac=data.draw(st.sampled_from(("", "3c:fd:fe:00:00:01"))))
        run.flow("10.1", FAR, 80, client_port=4001)
        run.close("f1", bytes_out=3)
        run.flow("10.1", FAR, 53, transport="udp", client_port=4002)
        run.lookup("10.1", "x.example", client_port=4001)
        run.call("10.1", "192.168.77.99", 80)
        run.capture(*made, interface=data.draw(st.sampled_from(("eth0", "lo"))), snap=snap)
        case = classify(run.seal())
    ledger = case.coverage.ledger
    assert ledger.left.frames + ledger.arrived.frames + ledger.inside.frames == len(made)
    assert ledger.left.bytes + ledger.arrived.bytes + ledger.inside.bytes == sum(map(len, made))
    assert sum(row.frames for row in ledger.rows) == ledger.left.frames
    assert sum(row.bytes for row in ledger.rows) == ledger.left.bytes
    assert bool(ledger.examples) == bool(ledger.unaccounted)
    assert [row.kind for row in ledger.rows] == list(FrameKind)
