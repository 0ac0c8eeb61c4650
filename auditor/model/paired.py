"""Paired runs: the same app, again and again in a fresh box, with what is typed drawn at random.

Not the statistics: the schedule of looks is in `auditor.model.schedule`, the tests in `auditor.classify`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

SILENT = "silent"
"""Label of a run in which nothing is typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedPrompt:
    """One thing that is typed, in one run or in several."""

    label: str
    """`p1`, `p2`, ..."""
    text: str
    marker: str
    """What a good answer repeats; empty when the user's own prompt has no place for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedPlan:
    """The experiment as it was drawn, written down before its first run."""

    seed: str
    """Of everything that was drawn, in hex; it comes from the system's source of randomness."""
    most: int
    """How many runs there may be."""
    error_rate: float
    """Chance, at most, that anything is said to depend on what was typed when nothing does."""
    first: int
    """How many runs the first block has: each with another prompt, none silent."""
    prompts: tuple[PairedPrompt, ...]
    order: tuple[str, ...]
    """Label of every run: the first block and the rest are each in random order."""


class DependenceOutcome(enum.StrEnum):
    """What paired runs showed."""

    DEPENDS = "depends"
    INDEPENDENT = "does-not-depend"
    """Within the power that is stated with it."""
    UNDECIDED = "undecided"
    """Neither shown nor cleared with so many runs."""
    INCONCLUSIVE = "inconclusive"
    """The experiment itself failed."""


class Family(enum.StrEnum):
    """A question that is tested, with a share of the error rate of its own."""

    LENGTH = "length"
    """Sizes, counts and names against the length of what was typed."""
    WORDS = "words"
    """Sizes, counts, names and destinations: the same for the same words, and different for others?"""
    TIME_LENGTH = "time-length"
    TIME_WORDS = "time-words"
    USE = "use"
    """Whether anything was typed at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """One look at one question."""

    family: Family
    runs: int
    """How many runs it looked at."""
    chance: float
    """How often random order alone gives as much (the p-value)."""
    threshold: float
    """Share of the error rate that this look could spend; at or below it the question is answered."""

    @property
    def shows(self) -> bool:
        """Whether it is said to depend."""
        return self.chance <= self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing that was shown to depend on what was typed."""

    family: Family
    measure: str
    """In words: `bytes sent`, `connections`, `length of the names asked for`."""
    destination: str
    """`collect.example port 443/tcp`, `names below example.org`; empty for all destinations together."""
    chance: float
    """Adjusted for all measures that were tested with it."""
    detail: str
    """How it depends, in numbers; empty when there is nothing to add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """The answer of the paired runs."""

    outcome: DependenceOutcome
    effects: tuple[Effect, ...]
    runs: int
    """How many were made and looked at."""
    typed: int
    """In how many of them something was typed."""
    most: int
    error_rate: float
    tests: tuple[PairedTest, ...]
    """The last look at each question."""
    reason: str
    """Why it is undecided or inconclusive, without a full stop; empty otherwise."""
    power: str
    """One sentence: what an app that does depend would have been found by, with so many runs."""
    most_unread: int
    """Bytes in flows that could not be read, in the run with the most of them."""
    longest_prompt: int
    """Bytes of the longest prompt that was typed."""

    def families(self) -> tuple[Family, ...]:
        """Questions that were answered with yes."""
        return tuple(dict.fromkeys(effect.family for effect in self.effects))
