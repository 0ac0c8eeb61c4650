from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse.cbor import joined_chunks


def head(kind: int, length: int) -> bytes:
    """RFC 8949 section 3, in the shortest form."""
    if length < 24:
        return bytes([kind + length])
    return bytes([kind + 24, length]) if length < 256 else bytes([kind + 25]) + length.to_bytes(2)


@given(
    st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=6),
    st.sampled_from([0x40, 0x60]),
    st.binary(),
)
def test_chunks_of_any_size_are_joined(chunks, kind, before):
    string = b"".join(head(kind, len(chunk)) + chunk for chunk in chunks)
    data = before + bytes([kind + 31]) + string + b"\xffafter"
    assert joined_chunks(data, len(before)) == b"".join(chunks)


def test_a_missing_end_is_forgiven():
    assert joined_chunks(b"\x7f\x63abc\x62d", 0) == b"abcd"


@pytest.mark.parametrize("data", [b"", b"\x7f", b"abc", b"\x7f\x63abc\x05", b"\x7f\xff"])
def test_what_is_no_such_string(data):
    assert joined_chunks(data, 0) == b""


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes(data, at):
    assert len(joined_chunks(data, at)) <= len(data)
