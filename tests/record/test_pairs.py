"""The plan of paired runs: what is typed, how long it is, and in which order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.evidence.store import RunDirectory
from auditor.model.paired import SILENT
from auditor.model.schedule import fewest_runs
from auditor.model.schedule import schedule
from auditor.record.pairs import LONGEST
from auditor.record.pairs import SHORTEST
from auditor.record.pairs import draw
from auditor.record.pairs import settings_of
from auditor.record.settings import Settings

MAIN = RunDirectory(Path("/srv/run"))
PLANS = st.builds(
    lambda rate, more: draw(fewest_runs(rate) + more, rate), st.sampled_from([0.05, 0.001, 1e-6]),
    st.integers(0, 40),
)  # fmt: skip


@given(PLANS)
def test_the_first_block_holds_each_length_once_and_no_silence(plan):
    lengths = {prompt.label: len(prompt.text) for prompt in plan.prompts}
    first = plan.order[: plan.first]
    assert len({lengths[label] for label in first}) == len(first) == plan.first
    assert SILENT not in first


@given(PLANS)
def test_the_order_has_what_the_schedule_counts_on(plan):
    looks = schedule(plan.most, plan.error_rate)
    counts = Counter(plan.order)
    assert (len(plan.order), counts[SILENT]) == (plan.most, looks.silent)
    known = {prompt.label for prompt in plan.prompts}
    assert counts.keys() <= known | {SILENT}


@given(PLANS)
def test_two_prompts_have_the_same_length_and_other_words(plan):
    texts = [prompt.text for prompt in plan.prompts]
    twins = [text for text in texts[:-1] if len(text) == len(texts[-1])]
    assert len(twins) == 1
    assert twins[0] != texts[-1]


@given(PLANS)
def test_prompts_are_one_plain_line_with_their_marker(plan):
    for prompt in plan.prompts:
        assert prompt.text.isascii()
        assert prompt.text.isprintable()
        assert prompt.marker in prompt.text
        assert SHORTEST < len(prompt.text) < LONGEST + 100


def test_prompts_come_again():
    plan = draw(24, 0.001)
    assert max(Counter(plan.order[: schedule(24, 0.001).looks[2]]).values()) > 1


def test_a_seed_draws_the_same_experiment_again():
    plan = draw(24, 0.001)
    assert draw(24, 0.001, seed=plan.seed) == plan
    assert draw(24, 0.001).seed != plan.seed


def test_every_order_of_the_first_block_is_as_likely():
    # A chi-square of 23 degrees of freedom is below 49.7 in 999 of 1,000 experiments; the seeds are fixed.
    counts = Counter(
        tuple(label for label in draw(7, 0.001, seed=str(number)).order if label in {"p1", "p2", "p3", "p4"})
        for number in range(2400)
    )
    assert len(counts) == 24
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 49.7


def test_the_users_own_prompt_is_kept():
    plan = draw(7, 0.001, '{"q": "{canary}"}')
    assert all(prompt.text.startswith('{"q": "') and prompt.text.endswith('"}') for prompt in plan.prompts)
    bare = draw(7, 0.001, "Say something.")
    assert all(prompt.text.startswith("Say something. ") and not prompt.marker for prompt in bare.prompts)


@pytest.fixture
def settings():
    return Settings(command=("app", "{prompt}"), out=MAIN.root, publish=((1, 2),), expect="yes", settle_s=3.0)


def test_a_paired_run_is_recorded_like_the_main_one_but_for_its_prompt(settings):
    plan = draw(24, 0.001, seed="1")
    made = settings_of(settings, MAIN, plan, 0)
    (prompt,) = [one for one in plan.prompts if one.label == plan.order[0]]
    assert (made.prompts, made.expect, made.silent) == ((prompt.text,), prompt.marker, False)
    assert (made.out, made.settle_s, made.command) == (MAIN.root / "pairs" / "p01", 3.0, settings.command)
    assert not made.reference
    assert MAIN.root in made.hidden  # the app must not read what it said before


def test_a_silent_run_types_nothing(settings):
    plan = draw(24, 0.001, seed="1")
    made = settings_of(settings, MAIN, plan, plan.order.index(SILENT))
    assert made.silent
    assert (made.prompts, made.expect) == ((), "yes")


def test_so_few_runs_are_refused():
    with pytest.raises(ValueError, match="at least 7"):
        draw(3, 0.001)
