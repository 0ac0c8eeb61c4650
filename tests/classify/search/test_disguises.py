from __future__ import annotations

import codecs

from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.disguises import SHORTEST_MASKED
from auditor.classify.search.disguises import disguised
from auditor.classify.search.disguises import masked


@given(st.text("abcdefghijklmnopqrstuvwxyzABC019 -_", min_size=1, max_size=50))
def test_each_disguise_is_undone_by_itself(text):
    data = text.encode()
    for name, hidden in disguised(data):
        assert (name, data) in set(disguised(hidden))
    assert dict(disguised(data)).get("rot13", data) == codecs.encode(text, "rot13").encode()


@given(st.binary(min_size=SHORTEST_MASKED, max_size=60), st.integers(1, 255))
def test_every_key_is_tried(data, key):
    hidden = bytes(byte ^ key for byte in data)
    assert any(hidden.startswith(pattern) for pattern in masked(data))


def test_short_values_are_not_masked():
    assert list(masked(b"x" * (SHORTEST_MASKED - 1))) == []
