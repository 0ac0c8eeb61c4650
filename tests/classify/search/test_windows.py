from __future__ import annotations

import gzip

import pytest

from auditor.classify.search.budget import Budget
from auditor.classify.search.windows import OVERLAP
from auditor.classify.search.windows import WINDOW
from auditor.classify.search.windows import windows


def read(data: bytes, codings: tuple[str, ...] = (), left: int = 1 << 30):
    budget = Budget(left)
    pieces = lambda: (data[at : at + 1000] for at in range(0, len(data), 1000))  # noqa: E731 - a callable is asked for
    return list(windows(pieces, codings, budget)), budget


def test_windows_overlap_and_cover_everything():
    data = bytes(range(256)) * (2 * WINDOW // 256) + b"end"
    found = [window for _, window in read(data)[0]]
    assert found[0][-OVERLAP:] == found[1][:OVERLAP]
    assert found[0] + b"".join(window[OVERLAP:] for window in found[1:]) == data


def test_declared_and_recognised_codings_are_undone():
    packed = gzip.compress(gzip.compress(b"hello"))
    assert read(packed, ("gzip", "gzip"))[0] == [(("gzip", "gzip"), b"hello")]
    assert read(gzip.compress(b"hello"))[0] == [(("gzip",), b"hello")]
    assert read(b"hello", ("unheard-of",))[0] == [((), b"hello")]


def test_broken_body_is_read_as_far_as_it_goes_and_raw():
    stored = b"\x00\x05\x00\xfa\xffhello"  # RFC 1951 3.2.4; the block that follows has no valid type
    broken = gzip.compress(b"")[:10] + stored + b"\x07" * 2000
    found, _ = read(broken, ("gzip",))
    assert found == [(("gzip",), b"hello"), ((), broken)]


def test_budget_ends_it():
    found, budget = read(gzip.compress(bytes(1 << 20)), left=300_000)
    assert budget.cut
    assert sum(len(window) for _, window in found) <= 300_000


@pytest.mark.parametrize("codings", [(), ("gzip",)])
def test_empty(codings):
    assert read(b"", codings)[0] == []
