from __future__ import annotations

import ctypes
import struct

import pytest

from auditor.kernel import bpf


def test_layout_of_a_program():
    code = bpf.assemble([bpf.load_word(4), bpf.when_equal(7, then="yes"), bpf.give(1), "yes", bpf.give(2)])
    assert [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)] == [
        (0x20, 0, 0, 4), (0x15, 1, 0, 7), (0x06, 0, 0, 1), (0x06, 0, 0, 2),
    ]  # fmt: skip


def test_a_long_jump_goes_where_a_comparison_cannot():
    filler = [bpf.load_word(0)] * 300
    far = bpf.assemble([bpf.jump("end"), *filler, "end", bpf.give(0)])
    assert struct.unpack_from("=HBBI", far) == (0x05, 0, 0, 300)
    with pytest.raises(ValueError, match="further"):
        bpf.assemble([bpf.when_equal(1, then="end"), *filler, "end", bpf.give(0)])


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([bpf.jump("nowhere"), bpf.give(0)], "no label"),
        (["here", bpf.jump("here")], "not ahead"),
        (["a", bpf.give(0), "a"], "twice"),
        ([], "instructions"),
        ([bpf.give(0)] * (bpf.MAX_INSTRUCTIONS + 1), "instructions"),
    ],
)
def test_mistakes_are_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        bpf.assemble(steps)


def test_fprog_points_at_its_code():
    code = bpf.assemble([bpf.give(5)])
    fprog = bpf.as_fprog(code)
    count, address = struct.unpack("@HP", fprog.header)
    assert count == 1
    assert ctypes.string_at(address, 8) == code
