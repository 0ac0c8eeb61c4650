from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from auditor.evidence.bodies import NOTHING
from auditor.evidence.bodies import SMALL
from auditor.evidence.bodies import BodyStore


def names(store: BodyStore) -> set[str]:
    return {name for name in os.listdir(store.folder) if name != "events.jsonl"}


@pytest.mark.parametrize("size", [1, SMALL - 1, SMALL, SMALL + 1, 99_999])
def test_a_body_is_kept_under_its_digest(bodies, size):
    data = os.urandom(size)
    stored = bodies.put(data)
    assert (stored.bytes, stored.kept, stored.sha256) == (size, size, hashlib.sha256(data).hexdigest())
    assert (bodies.folder / stored.name).read_bytes() == data
    assert names(bodies) == {stored.sha256}


def test_nothing_is_stored_for_an_empty_body(bodies):
    assert bodies.put(b"") == NOTHING
    assert names(bodies) == set()


@given(st.lists(st.binary(max_size=4000), max_size=60))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_pieces_make_the_same_body_as_the_whole(tmp_path_factory, pieces):
    folder = tmp_path_factory.mktemp("bodies")
    writer = BodyStore(folder).writer()
    for piece in pieces:
        writer.write(piece)
    assert writer.finish() == BodyStore(folder).put(b"".join(pieces))


def test_the_same_body_is_kept_once(bodies):
    small, large = b"x" * 10, os.urandom(SMALL + 5)
    assert bodies.put(small) == bodies.put(small)
    assert bodies.put(large) == bodies.put(large)
    assert len(names(bodies)) == 2


def test_beyond_the_cap_of_one_body_it_is_only_counted(bodies):
    data = os.urandom(150_000)
    stored = bodies.put(data)
    assert (stored.bytes, stored.kept, stored.sha256) == (150_000, 100_000, hashlib.sha256(data).hexdigest())
    assert (bodies.folder / stored.name).read_bytes() == data[:100_000]
    assert bodies.truncated == 1


def test_beyond_the_cap_of_all_bodies_nothing_is_kept(bodies):
    kept = [bodies.put(os.urandom(90_000)).kept for _ in range(5)]
    assert kept == [90_000, 90_000, 70_000, 0, 0]
    assert bodies.truncated == 3
    assert len(names(bodies)) == 3


def test_a_body_that_is_not_kept_still_has_its_digest_but_no_name(tmp_path):
    stored = BodyStore(tmp_path, cap_total=0).put(b"secret")
    assert (stored.bytes, stored.kept, stored.name) == (6, 0, "")
    assert stored.sha256 == hashlib.sha256(b"secret").hexdigest()


def test_a_large_body_is_never_held_whole(bodies):
    writer = bodies.writer()
    for _ in range(20):
        writer.write(b"x" * 4000)
    assert writer._file is not None
    assert len(writer._memory) == 0
    writer.finish()


def test_a_body_on_its_way_has_no_name_yet(bodies):
    writer = bodies.writer()
    writer.write(b"x" * (SMALL + 1))
    assert all(name.startswith(".part-") for name in names(bodies))
    stored = writer.finish()
    assert names(bodies) == {stored.name}


class TestFullDisk:
    """A folder that is gone stands for a disk that takes nothing: both are an OSError in open(2)."""

    @pytest.fixture
    def gone(self, tmp_path: Path) -> BodyStore:
        return BodyStore(tmp_path / "gone")

    @pytest.mark.parametrize("size", [10, SMALL + 1])
    def test_it_is_remembered_and_the_digest_is_still_right(self, gone, size):
        data = os.urandom(size)
        stored = gone.put(data)
        assert gone.failed is not None
        assert (stored.bytes, stored.sha256, stored.name) == (size, hashlib.sha256(data).hexdigest(), "")

    def test_the_first_error_is_the_one_that_is_told(self, gone):
        gone.put(b"x")
        first = gone.failed
        gone.put(b"y" * (SMALL + 1))
        assert gone.failed is first

    def test_nothing_more_is_written(self, gone):
        gone.put(b"x" * (SMALL + 1))
        gone.folder.mkdir()
        stored = gone.put(b"z")
        assert (stored.kept, stored.name) == (0, "")
        assert names(gone) == set()
