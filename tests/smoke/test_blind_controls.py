"""Puts out one eye after the other in a real run: each time the controls notice, name it, and end it with 3."""

from __future__ import annotations

import sys

import pytest

pytestmark = pytest.mark.box

APP = (sys.executable, "-B", "-c", "import time; time.sleep(1)")
"""Sends nothing, and would pass."""
TCP = {"child", "daemon", "tcp", "http", "https", "h2", "websocket"}
NAMES = {"dns", "dns-tcp"}
CAPTURED = {"icmp", "multicast"}
ALL = TCP | NAMES | CAPTURED | {"udp", "quic", "unix", "file"}

ROUNDS = ("before", "after")
UNPROVEN = {
    "no_resolver_log": ({"before": NAMES, "after": NAMES}),
    "no_listener": ({"before": ALL, "after": {"unix", "file"}}),
    "no_proxy": ({"before": TCP | {"quic"}, "after": TCP | {"quic"}}),
    "no_datagrams": ({"before": {"dns", "quic"}, "after": {"dns", "quic"}}),
    "no_packets": ({"before": CAPTURED, "after": CAPTURED}),
    "no_touches": ({"before": {"file"}, "after": {"file"}}),
    "watcher_dies": ({"before": set(), "after": ALL}),
    "no_h2_before": ({"before": {"h2"}, "after": set()}),
    "no_websocket_before": ({"before": {"websocket"}, "after": set()}),
    "no_first_round": ({"before": ALL, "after": set()}),
    "no_second_round": ({"before": set(), "after": ALL}),
}
"""What is taken away, and the channels that must not be called proven in each round."""
EXACT = {"no_touches", "watcher_dies", "no_h2_before", "no_websocket_before", "no_first_round"}
"""Where an empty set means that nothing else suffers."""


@pytest.fixture
def blind(audit):
    def run(kind):
        options = ("--out", "{run}", "--no-reference", "--driver", "none", "--idle", 0.2, "--settle", 0.2)
        return audit.start("run", *options, "--", *APP, blinded=kind).end()

    return run


@pytest.mark.parametrize("kind", UNPROVEN)
def test_what_cannot_be_seen_is_named_and_nothing_passes(blind, kind):
    ended = blind(kind)
    assert ended.code == 3, ended.out
    result = ended.result
    assert result["verdict"]["outcome"] == "inconclusive"
    # What our own control sent is never laid to the app, whoever failed to see it.
    assert (result["flows"], result["lookups"], result["files"]) == ([], [], [])
    controls = result["coverage"]["controls"]
    for moment in ROUNDS:
        unproven = {
            each["channel"]
            for each in controls
            if each["round"] == moment
            and not (each["seen"] and each["attributed"] and each["decoded"] is not False)
        }
        assert unproven >= UNPROVEN[kind][moment], (moment, unproven)
        if kind in EXACT and not UNPROVEN[kind][moment]:
            assert unproven == set(), moment
        words = {"before": "(before the app was started)", "after": "(after the app had ended)"}[moment]
        told = " ".join(reason for reason in ended.result["verdict"]["reasons"] if words in reason)
        assert {channel for channel in unproven if channel not in told} == set(), ended.reasons


def test_a_watcher_that_is_dead_before_the_app_starts_is_named(blind):
    ended = blind("no_watcher")
    assert ended.code == 3
    assert "The observer of system calls died before the app was started" in ended.err


def test_with_all_eyes_open_the_same_program_passes(audit):
    options = ("--out", "{run}", "--no-reference", "--driver", "none", "--idle", 0.2, "--settle", 0.2)
    assert audit("run", *options, "--", *APP).code == 0
