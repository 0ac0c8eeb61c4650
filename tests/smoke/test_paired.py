"""Sealed messages in real boxes: what follows the prompt is found, what does not is left alone."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.box

QUICK = ("--no-reference", "--settle", 0, "--idle", 0, "--allow", "*.leaky.example")
FIVE = ("--paired", 5, "--paired-error", 0.05)
"""The least at that rate; the default one takes seven (`benchmarks/paired.py`)."""
PATIENCE_S = 500
"""For six boxes on a busy machine."""


@pytest.fixture(scope="module")
def pair(audit):
    """`pair(...)`: a whole audit with paired runs."""
    return lambda *app, options=FIVE: audit.start_app(*app, options=(*QUICK, *options)).end(PATIENCE_S)


@pytest.fixture(scope="module")
def follows(pair):
    return pair("paired_leaks.py", "{prompt}", "size")


def test_a_size_that_follows_the_prompt_fails_although_nothing_can_be_read(follows):
    assert follows.code == 1, follows.out
    assert "CAN020" in follows.rules
    assert "CAN001" not in follows.rules  # nothing was recognised in it
    (effect, *_) = follows.result["paired"]["effects"]
    assert (effect["family"], effect["measure"]) == ("length", "bytes sent")
    assert effect["destination"] == "leaky.example port 4433/tcp"
    assert [one["outcome"] for one in follows.result["principles"] if one["number"] == 2] == ["fail"]


def test_every_run_of_it_is_kept_and_sealed(follows):
    paired = follows.result["paired"]
    assert (paired["outcome"], paired["runs"], paired["typed"]) == ("depends", 5, 5)
    names = [f"p{number:02}" for number in range(1, 6)]
    assert sorted(path.name for path in (follows.run / "pairs").iterdir()) == [
        *names, "plan.json", "seals.json",
    ]  # fmt: skip
    assert all((follows.run / "pairs" / name / "run.json").exists() for name in names)


def test_judged_again_they_say_the_same(follows, audit):
    again = audit("judge", follows.run, "--format", "json")
    assert again.code == 1
    assert '"outcome": "depends"' in again.out


def test_a_heartbeat_is_not_accused(pair):
    ended = pair("paired_leaks.py", "{prompt}", "heartbeat")
    assert ended.result["paired"]["outcome"] == "does-not-depend"
    assert ended.code == 0, ended.out
    assert "was not seen to depend on what was typed (5 paired runs" in ended.reasons


def test_it_types_into_a_chat(pair):
    allowed = ("--allow", "collect.leaky.example=cloud-inference")
    paired = pair("stdin_chat.py", "--leak", options=(*FIVE, *allowed)).result["paired"]
    assert (paired["outcome"], paired["runs"]) == ("depends", 5)
    assert {effect["family"] for effect in paired["effects"]} == {"length"}


def test_an_app_that_cannot_be_prompted_settles_nothing(pair):
    ended = pair("exits_at_once.py", 0)
    assert ended.code == 3
    assert ended.result["paired"]["outcome"] == "inconclusive"
    assert "paired run 1 could not be used" in ended.reasons


def test_auto_spares_an_app_whose_every_word_was_read(pair):
    ended = pair("quiet_argv.py", "{prompt}", options=("--paired", "auto"))
    assert (ended.code, ended.result["paired"]) == (0, None)
    assert "no paired runs are needed" in ended.err
