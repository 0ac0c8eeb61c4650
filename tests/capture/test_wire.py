from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.capture import wire
from auditor.model.observation import OBSERVATION_TYPES
from auditor.model.observation import ProcessExited

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
st.register_type_strategy(str, TEXT)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("cls", OBSERVATION_TYPES, ids=lambda cls: cls.kind)
@given(data=st.data())
def test_every_kind_comes_back_as_it_went(cls, data):
    what = data.draw(st.builds(cls))
    line = wire.pack(12.5, what)
    assert line.count(b"\n") == 1
    assert wire.unpack(line.rstrip(b"\n")) == (12.5, what)


def test_the_goodbye_is_no_observation():
    assert not wire.pack(1.0, ProcessExited(key="1.1", status=0)).startswith(wire.END)


@given(st.binary(max_size=200))
def test_nonsense_is_a_value_error(data):
    with pytest.raises(ValueError):  # noqa: PT011 - one of float() or split() has other words
        wire.unpack(data + b"\xff")
