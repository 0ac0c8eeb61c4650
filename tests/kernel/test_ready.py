from __future__ import annotations

import fcntl
import os
import resource
import time

import pytest

from auditor.kernel.ready import readable
from auditor.kernel.ready import writable


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_what_can_be_read(pipe):
    read, write = pipe
    assert readable(read, timeout_s=0) == []
    assert writable(write, timeout_s=0)
    os.write(write, b"x")
    assert readable(read, timeout_s=0) == [read]
    assert readable(read) == [read]


def test_it_waits_so_long(pipe):
    began = time.monotonic()
    assert readable(pipe[0], timeout_s=0.1) == []
    assert 0.09 < time.monotonic() - began < 5


def test_an_end_is_something_to_read():
    read, write = os.pipe()
    os.close(write)
    assert readable(read, timeout_s=0) == [read]
    os.close(read)


def test_what_takes_nothing(pipe):
    os.set_blocking(pipe[1], False)
    while writable(pipe[1], timeout_s=0):
        os.write(pipe[1], bytes(1 << 12))
    assert not writable(pipe[1], timeout_s=0)


def test_numbers_beyond_those_of_select(pipe):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= 1500:
        pytest.skip("so many descriptors are not allowed here")
    high = fcntl.fcntl(pipe[0], fcntl.F_DUPFD, 1500)
    os.write(pipe[1], b"x")
    assert readable(high, pipe[0], timeout_s=0) == [high, pipe[0]]
    os.close(high)


def test_a_closed_descriptor_is_an_error():
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(ValueError, match="closed"):
        readable(read, timeout_s=0)
