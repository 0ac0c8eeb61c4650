from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.model import observation as o

BOX, FAR = "192.168.77.23", "198.18.0.5"


@pytest.fixture
def run(blank):
    blank.open(gateway_mac="3c:fd:fe:00:00:01")
    blank.process("10.1")
    blank.prompt()
    return blank


def gaps(run, *words, seal=True):
    case = classify(run.seal() if seal else run.leave())
    return [gap for gap in case.coverage.gaps if all(word in gap.text for word in words)]


def test_what_belongs_to_nothing_is_named(run, frames):
    run.capture(frames.tcp(BOX, 4002, FAR, 99, b"content"), frames.tcp(BOX, 4003, FAR, 98, b"content"))
    [gap] = gaps(run, "2 of 2 frames that left the box belong to nothing that was recorded")
    assert f"TCP to {FAR} port 99 from port 4002 (1 frame, 61 bytes); TCP to {FAR} port 98" in gap.text
    assert (gap.blinds, gap.principle) == (True, 0)


@pytest.mark.parametrize(
    ("sent", "recorded", "sealed", "told"),
    [(10, 10, False, ""), (11, 10, False, "1 bytes"), (74, 10, True, ""), (75, 10, True, "65 bytes")],
)
def test_more_on_the_wire_than_was_recorded(run, frames, sent, recorded, sealed, told):
    flow = run.flow("10.1", FAR, 443, client_port=4001)
    if sealed:
        run.tls(flow, "x.example")
    run.stream(flow, b"x" * recorded)
    run.close(flow, "tls", bytes_out=recorded)
    run.capture(frames.tcp(BOX, 4001, FAR, 443, b"x" * sent))
    found = gaps(run, "were on the wire and not recorded")
    assert bool(found) == bool(told)
    if told:
        assert told in found[0].text
        assert (found[0].blinds, found[0].principle) == (True, 2)


def test_sent_again_is_not_sent_more(run, frames):
    flow = run.flow("10.1", FAR, 80, client_port=4001)
    run.stream(flow, b"hello")
    run.close(flow, "raw", bytes_out=5)
    run.capture(*[frames.tcp(BOX, 4001, FAR, 80, b"hello", seq=7)] * 3)
    assert gaps(run, "were on the wire") == []


def test_more_recorded_than_on_the_wire(run, frames):
    flow = run.flow("10.1", FAR, 80, client_port=4001)
    run.stream(flow, b"hello")
    run.close(flow, "raw", bytes_out=5)
    run.capture(frames.tcp(BOX, 4001, FAR, 80, b"hel", seq=7))
    [gap] = gaps(run, "2 bytes of 1 flow were recorded and are not in the packet capture")
    assert gap.blinds


@pytest.mark.parametrize(("counted", "words"), [(3, "1 fewer than the 3"), (1, "1 more than the 1")])
def test_the_file_holds_what_was_counted(run, frames, counted, words):
    run.capture(*[frames.arp(BOX, "192.168.77.1")] * 2)
    run.packets(captured=counted)
    [gap] = gaps(run, words)
    assert gap.blinds


def test_a_file_that_reached_its_limit_was_told_already(run, frames):
    run.capture(frames.arp(BOX, "192.168.77.1"))
    run.packets(captured=30)
    text = "The packet file reached its limit of 9 bytes; later packets were only counted."
    run.write(o.GapNoted(observer="packets", text=text, blinds=True))
    assert gaps(run, "fewer than") == []


def test_a_capture_that_was_counted_and_is_gone(run):
    run.packets(captured=30)
    run.directory.packets.unlink()
    [gap] = gaps(run, "30 fewer than the 30")
    assert gap.blinds


def test_a_broken_file_blinds(run):
    run.directory.packets.write_bytes(b"no capture at all")
    [gap] = gaps(run, "cannot be read to its end")
    assert gap.blinds
    assert not gap.text.endswith("..")


def test_datagrams_that_were_searched_in_the_capture_blind_nothing(run, frames):
    flow = run.flow("10.1", FAR, 9, transport="udp", client_port=4001)
    run.stream(flow, b"first")
    run.close(flow, "raw", bytes_out=5)
    run.capture(*[frames.udp(BOX, 4001, FAR, 9, b"first")] * 2)
    [gap] = gaps(run, "1 conversation did not reach the proxy whole; the packet capture was searched")
    assert not gap.blinds


def test_encrypted_ones_are_told_apart(run, frames):
    flow = run.flow("10.1", FAR, 443, transport="udp", client_port=4001)
    run.tls(flow, "x.example")
    run.request(flow, "https://x.example/", b"hello")
    run.close(flow, "h3", bytes_out=5)
    run.capture(*[frames.udp(BOX, 4001, FAR, 443, b"first")] * 2)
    [gap] = gaps(run, "1 encrypted conversation")
    assert (gap.blinds, gap.principle) == (False, 2)
