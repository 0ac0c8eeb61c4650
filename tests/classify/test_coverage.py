from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.evidence.bodies import BodyStore
from auditor.model import observation as o


def gaps(case, *words):
    return [gap for gap in case.coverage.gaps if all(word in gap.text for word in words)]


@pytest.fixture
def whole(run):
    """A run in which nothing is missing."""
    run.packets()
    run.prompt()
    return run


def test_nothing_missing_leaves_no_gap(whole):
    flow = whole.flow("10.1", port=80)
    whole.request(flow, "http://x.example/", b"hi")
    whole.close(flow, "http", bytes_out=0)
    coverage = classify(whole.seal()).coverage
    assert coverage.gaps == ()
    assert (coverage.flows_total, coverage.flows_attributed, coverage.flows_decrypted) == (1, 1, 1)
    assert (coverage.packets_captured, coverage.packets_dropped, coverage.flows_opaque) == (10, 0, 0)
    assert (coverage.prompted, coverage.answered, coverage.answer_contains_marker) == (True, True, True)


@pytest.mark.parametrize(
    ("changes", "answered", "proven"),
    [
        ({"contains_marker": False}, True, False),
        ({"contains_marker": False, "contains_expected": True}, True, True),
        ({"contains_marker": True, "contains_expected": False}, True, False),
        ({"vouched": True, "contains_marker": False}, True, None),
        ({"answer": "  ", "contains_marker": False}, False, False),
        ({"answer": None}, False, None),
    ],
)
def test_answers(run, changes, answered, proven):
    run.prompt(**changes)
    coverage = classify(run.seal()).coverage
    assert (coverage.answered, coverage.answer_contains_marker) == (answered, proven)


def test_no_prompt(run):
    case = classify(run.seal())
    assert not case.coverage.prompted
    assert gaps(case, "No prompt was handed to the app")


def test_answers_of_the_reference_are_not_the_apps(run):
    run.prompt(role="reference")
    assert not classify(run.seal()).coverage.prompted


def test_dropped_packets_blind(whole):
    whole.packets(captured=97, dropped=3)
    [gap] = gaps(classify(whole.seal()), "3 of 100 packets on gw0")
    assert gap.blinds


def test_no_packets_at_all_blind(run):
    [gap] = gaps(classify(run.seal()), "No packet at all")
    assert gap.blinds


def test_interrupted_recording_blinds(whole):
    [gap] = gaps(classify(whole.leave()), "interrupted")
    assert gap.blinds


def test_ended_but_unsealed_is_interrupted_too(whole):
    whole.write(o.RunEnded(app_status="exit 0"))
    assert gaps(classify(whole.leave()), "interrupted")


@pytest.mark.parametrize("name", ["events.jsonl", "packets.pcapng", "bodies/x"])
def test_altered_files_are_named(whole, name):
    directory = whole.seal()
    with (directory.root / name).open("ab") as file:
        file.write(b"\n")
    assert classify(directory).run.altered == (name,)


def test_an_altered_manifest_is_no_manifest(whole):
    directory = whole.seal()
    directory.manifest.write_text("{}")
    assert classify(directory).run.altered == ("run.json",)


def test_what_is_as_it_was_sealed_is_not_altered(whole):
    assert classify(whole.seal()).run.altered == ()


def test_a_text_with_a_full_stop_of_its_own_has_one(whole):
    whole.prompt(answer="", error="The connection was reset. ", contains_marker=False)
    [gap] = gaps(classify(whole.seal()), "connection was reset")
    assert gap.text.endswith("reset.")


def test_noted_gaps_are_kept_as_they_are(whole):
    whole.write(o.GapNoted(observer="x", text="3 notifications were lost.", blinds=True, principle=6))
    [gap] = gaps(classify(whole.seal()), "3 notifications")
    assert (gap.blinds, gap.principle) == (True, 6)


def test_unattributed_flows_and_lookups(whole):
    whole.flow("10.1")
    whole.flow("", "198.18.0.77")
    whole.lookup("", "x.example", cookie=0, server_ip="8.8.8.8")
    case = classify(whole.seal())
    assert gaps(case, "1 of 2 flows is not known")
    assert gaps(case, "1 of 1 look-up")


def test_opaque_flows_are_named(whole):
    for _ in range(2):
        flow = whole.flow("10.1")
        whole.tls(flow, "pinned.example", established=False, failed="unknown ca")
        whole.close(flow, "tls", bytes_out=600)
    [gap] = gaps(classify(whole.seal()), "2 flows from /usr/bin/python3.11 to pinned.example")
    assert "1,200 bytes" in gap.text
    assert "unknown ca" in gap.text
    assert not gap.blinds


def test_truncated_body_blinds_the_prompt_principle(whole):
    whole.bodies = BodyStore(whole.directory.bodies, cap_each=10)
    flow = whole.flow("10.1")
    whole.request(flow, "https://x.example/", b"x" * 100, answer=b"y" * 100)
    [gap] = gaps(classify(whole.seal()), "1 request of the app", "90 bytes")
    assert (gap.blinds, gap.principle) == (True, 2)


def test_reduced_assurance_says_why(blank):
    blank.open(assurance="reduced", reduced_by=("No overlay file system.",))
    blank.process("10.1")
    [gap] = gaps(classify(blank.seal()), "assurance: reduced")
    assert "No overlay file system." in gap.text


def test_driver_none_says_that_nothing_was_typed(blank):
    blank.open(driver="none")
    blank.process("10.1")
    case = classify(blank.seal())
    assert gaps(case, "Nothing was typed")
    assert not gaps(case, "No prompt")


def test_failed_prompt(whole):
    whole.prompt(answer="", error="connection refused", contains_marker=False)
    assert gaps(classify(whole.seal()), "connection refused")
