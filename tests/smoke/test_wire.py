"""Every frame that leaves a real box is accounted for, and what cannot be makes the run inconclusive."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.box

APP = (sys.executable, "-B", "odd_packets.py")
WAYS = (
    "fragments", "broadcast", "lite", "ping", "multicast", "group", "neighbour", "options", "borrowed", "flood",
)  # fmt: skip


def gaps(ended, words):
    return [gap for gap in ended.result["coverage"]["gap_details"] if words in gap["text"]]


def rows(ended):
    return {row["kind"]: row for row in ended.result["coverage"]["ledger"]["rows"]}


@pytest.fixture(scope="module")
def odd(audit):
    return audit.app("odd_packets.py", *WAYS, "{prompt}")


def test_every_odd_frame_belongs_to_something(odd):
    ledger = odd.result["coverage"]["ledger"]
    assert (ledger["unaccounted"], ledger["examples"], ledger["unrecorded_bytes"]) == (0, [], 0)
    assert sum(row["frames"] for row in ledger["rows"]) == ledger["left"]["frames"]
    total = sum(ledger[way]["frames"] for way in ("left", "arrived", "inside"))
    assert total == odd.result["coverage"]["packets"]["captured"]
    assert rows(odd)["read"]["frames"] > 5000
    assert rows(odd)["packet"]["items"] >= 5
    assert rows(odd)["own"]["frames"] > 10
    assert gaps(odd, "belong to nothing") == []


@pytest.mark.parametrize(
    ("transport", "address", "port"),
    [
        ("udp", "203.0.113.9", 9000),
        ("udp", "2001:db8::9", 9000),
        ("udp", "255.255.255.255", 9001),
        ("udplite", "203.0.113.9", 9002),
        ("icmp", "203.0.113.9", 0),
        ("udp", "224.0.0.251", 5353),
        ("udp", "203.0.113.9", 9003),
        ("icmpv6", "2001:db8::9", 0),
        ("udp", "203.0.113.9", 9004),
    ],
)
def test_each_is_a_contact_in_which_the_prompt_was_found(odd, transport, address, port):
    flows = [
        flow
        for flow in odd.result["flows"]
        if (flow["transport"], flow["destination"]["ip"], flow["destination"]["port"])
        == (transport, address, port)
    ]
    assert flows
    assert any("prompt-1" in flow["canaries"] for flow in flows), flows
    assert any(flow["process"]["key"] for flow in flows)


def test_a_neighbour_that_was_sought_and_a_group_that_was_joined_are_contacts_too(odd):
    contacted = {flow["destination"]["ip"] for flow in odd.result["flows"]}
    assert {"192.168.77.99", "224.0.0.22"} <= contacted


def test_the_verdict_quotes_the_account(odd):
    left = odd.result["coverage"]["ledger"]["left"]["frames"]
    assert f"{left:,} frames left the box: " in odd.reasons
    assert "; 0 unaccounted." in odd.reasons
    assert "What left the box" in (odd.run / "report.html").read_text()


def test_what_was_sent_when_we_had_hung_up_is_missed_and_found(audit):
    ended = audit.app("odd_packets.py", "reset", "{prompt}")
    [gap] = gaps(ended, "were on the wire and not recorded, most to 203.0.113.9 port 80")
    assert gap["blinds"]
    assert ended.code == 1
    assert "CAN003" in ended.rules


def test_a_connection_that_nobody_took_belongs_to_nothing(audit):
    ended = audit.app("odd_packets.py", "gateway", "a prompt of no account", options=(
        "--mode", "offline", "--driver", "none",
    ))  # fmt: skip
    [gap] = gaps(ended, "belong to nothing that was recorded: TCP to 192.168.77.1 port 4444")
    assert gap["blinds"]
    assert rows(ended)["unaccounted"]["frames"] >= 3
    assert "that left the box belong to nothing that was recorded" in ended.reasons
    assert ended.result["verdict"]["outcome"] != "pass"


def wait_for(running, kind):
    """Until the app's first process was seen, or has ended."""
    deadline = time.monotonic() + 60
    while True:
        entries = running.entries()
        mine = {
            entry["key"] for entry in entries if entry["kind"] == "process.seen" and entry["role"] == "app"
        }
        if any(entry["kind"] == kind and entry["key"] in mine for entry in entries):
            return
        assert time.monotonic() < deadline, running.err
        time.sleep(0.02)


def captor(running):
    """The process that writes the packet file."""
    wanted = str(running.run / "packets.pcapng")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in descendants(running.process.pid):
            with suppress(OSError):
                if wanted in {os.readlink(fd) for fd in Path(f"/proc/{child}/fd").iterdir()}:
                    return child
        assert running.process.poll() is None, running.err
        time.sleep(0.02)
    raise AssertionError("no process writes the packet file")


def descendants(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def test_frames_that_were_dropped_make_the_run_inconclusive(audit):
    running = audit.start_app(
        "odd_packets.py", "torrent", "x", options=("--no-reference", "--driver", "none")
    )
    wait_for(running, "process.seen")
    held = captor(running)
    os.kill(held, signal.SIGSTOP)
    wait_for(running, "process.exited")
    os.kill(held, signal.SIGCONT)
    ended = running.end()
    dropped = ended.result["coverage"]["packets"]["dropped"]
    assert dropped > 0
    [gap] = gaps(ended, "packets on eth0 were dropped by the capture ring")
    assert gap["blinds"]
    assert f"{dropped:,} of " in gap["text"]
    assert f"{dropped:,} dropped" in ended.reasons
    assert ended.result["verdict"]["outcome"] != "pass"


def test_a_capture_that_dies_at_once_is_no_bug(audit):
    running = audit.start_app("quiet_argv.py", "{prompt}", options=("--no-reference",))
    os.kill(captor(running), signal.SIGKILL)
    ended = running.end()
    assert ended.code == 3, ended.err
    assert "The packet capture could not set up its ring." in ended.err or "packets" in ended.reasons


def test_a_capture_that_was_killed_makes_the_run_inconclusive(audit):
    running = audit.start_app("quiet_argv.py", "{prompt}", options=("--no-reference",))
    wait_for(running, "process.seen")
    os.kill(captor(running), signal.SIGKILL)
    ended = running.end()
    assert ended.code == 3, ended.out
    assert "packets" in ended.reasons
