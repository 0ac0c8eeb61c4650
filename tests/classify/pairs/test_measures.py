"""What runs are compared by."""

from __future__ import annotations

import math

import pytest

from auditor.classify.pairs.measures import measures
from auditor.classify.pairs.traces import Message
from auditor.classify.pairs.traces import Trace

X, Y = "x.example port 443/tcp", "y.example port 80/tcp"


def run(*messages, names=(), watched=math.inf, connections=None):
    """A run of (seconds, destination, bytes) messages, each with a connection of its own."""
    opened = [(at, to) for at, to, _ in messages] if connections is None else connections
    return Trace(
        watched=watched,
        messages=tuple(Message(at=at, destination=to, bytes=size) for at, to, size in messages),
        connections=tuple(opened),
        names=tuple(names),
        unread=0,
    )


def table(*runs):
    found = measures(runs)
    return {(one.destination, one.name): one.values for one in (*found.volume, *found.time)}


def test_sizes_and_numbers_are_measured_for_each_destination():
    rows = table(run((0, X, 10), (1, X, 30), (1, Y, 5)), run((0, X, 100)), run((2, Y, 6), (2, Y, 9)))
    assert rows[X, "bytes sent"] == (40, 100, 0)
    assert rows[X, "size of the largest message"] == (30, 100, 0)
    assert rows[Y, "bytes sent"] == (5, 0, 15)
    assert rows[X, "messages"] == (2, 1, 0)


def test_what_only_repeats_another_measure_is_measured_once():
    rows = table(run((0, X, 10)), run((0, X, 20)), run((0, X, 40)))
    assert list(rows) == [(X, "bytes sent")]  # its largest message, and the sum over all hosts, say the same


def test_what_never_changes_is_left_out():
    assert table(run((0, X, 10)), run((0, X, 10))) == {}
    assert measures([]).volume == ()


def test_an_app_that_was_watched_longer_did_not_send_more():
    beats = [(second, X, 300) for second in range(10)]
    longer, shorter = run(*beats, watched=9.5), run(*beats[:5], watched=4.5)
    assert not [row for row in table(longer, shorter) if row[1] in {"bytes sent", "messages", "connections"}]


def test_an_app_that_ended_by_itself_counts_whole():
    rows = table(run((0, X, 10), (7, X, 10)), run((0, X, 10)))
    assert rows[X, "bytes sent"] == (20, 10)


def test_names_are_measured_by_what_somebody_registered():
    one = run(names=[(0, "a.x.example"), (1, "a.x.example")])
    other = run(names=[(0, "abcdef.x.example")])
    rows = table(one, other)
    assert rows["names below x.example", "look-ups"] == (2, 1)
    lengths = table(run(names=[(0, "a.x.example")]), run(names=[(0, "abc.x.example")]))
    assert lengths["names below x.example", "length of the names asked for"] == (11, 13)


def test_a_host_of_one_run_counts_only_among_all():
    rows = table(
        run((0, "n1.test port 1/tcp", 10)), run((0, "n2.test port 1/tcp", 10), (0, "n3.test port 1/tcp", 10))
    )
    assert {where for where, _ in rows} == {""}
    assert rows["", "bytes sent"] == (10, 20)


def test_times_are_of_the_first_contact_the_whole_and_the_longest_pause():
    rows = table(run((1.0, X, 1), (1.5, X, 1), (4.0, X, 1)), run((2.0, X, 1), (2.1, X, 1), (2.2, X, 1)))
    assert rows[X, "time of the first contact"] == (1.0, 2.0)
    assert [pytest.approx(value) for value in rows[X, "time from the first to the last contact"]] == [
        3.0,
        0.2,
    ]


def test_a_run_without_a_contact_has_no_time_of_its_own():
    rows = table(run((1.0, X, 1)), run((3.0, X, 1)), run())
    assert rows[X, "time of the first contact"] == (1.0, 3.0, 3.0)


def test_which_hosts_and_names_are_sets():
    found = measures([run((0, X, 1), names=[(0, "x.example")]), run((0, Y, 1))])
    assert [one.values for one in found.sets] == [
        (frozenset({X}), frozenset({Y})),
        (frozenset({"x.example"}), frozenset()),
    ]
