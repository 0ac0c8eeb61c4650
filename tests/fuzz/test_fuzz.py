"""Every parser of hostile input reads bent copies of real bytes, or refuses them as its documentation says."""

from __future__ import annotations

import pytest
from fuzzing import mutation
from fuzzing import targets
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

BY_NAME = {target.name: target for target in targets.TARGETS}
FOUND = sorted(path for path in targets.FOUND.glob("*/*") if path.is_file())


@pytest.mark.parametrize("name", BY_NAME)
def test_real_bytes_are_read(name):
    target = BY_NAME[name]
    refused = 0
    for seed in target.seeds():
        try:
            target.read(seed)
        except target.refuses:
            refused += 1
    assert refused < len(target.seeds()), "nothing to begin with: every seed is refused"


@pytest.mark.parametrize("name", BY_NAME)
@settings(max_examples=60)
@given(first=st.integers(0, 1 << 16), edits=mutation.EDITS)
def test_bent_bytes_are_read_or_refused(name, first, edits):
    target = BY_NAME[name]
    targets.try_out(target, mutation.bend(target.seeds(), first, edits))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_is_read_or_refused(path):
    targets.try_out(BY_NAME[path.parent.name], path.read_bytes())
