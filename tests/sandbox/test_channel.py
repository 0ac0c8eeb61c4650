from __future__ import annotations

import os
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sandbox.channel import Channel
from auditor.sandbox.channel import ChannelClosed

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture
def ends():
    near, far = Channel.pair()
    yield near, far
    near.close()
    far.close()


@given(st.lists(st.dictionaries(st.text("abcdef"), PLAIN, max_size=5), max_size=5))
def test_messages_come_as_they_went_and_apart_from_each_other(messages):
    near, far = Channel.pair()
    for message in messages:
        near.send(message)
    assert [far.receive() for _ in messages] == [(message, []) for message in messages]
    near.close()
    far.close()


def test_descriptors_come_along_and_are_not_inherited(ends):
    near, far = ends
    read, write = os.pipe()
    near.send({"op": "take"}, (read, write))
    message, (their_read, their_write) = far.receive()
    os.write(their_write, b"through")
    assert (message, os.read(read, 9)) == ({"op": "take"}, b"through")
    assert not os.get_inheritable(their_read)
    for descriptor in (read, write, their_read, their_write):
        os.close(descriptor)


def test_a_message_larger_than_any_buffer(ends):
    near, far = ends
    data = os.urandom(3 << 20)
    sender = threading.Thread(target=near.send, args=({"data": data},))
    sender.start()
    assert far.receive()[0]["data"] == data
    sender.join()


def test_descriptors_stay_with_their_message(ends):
    near, far = ends
    read, write = os.pipe()
    near.send({"n": 1})
    near.send({"n": 2}, (read,))
    near.send({"n": 3})
    counts = [(message["n"], len(fds)) for message, fds in (_closing(far.receive()) for _ in range(3))]
    assert counts == [(1, 0), (2, 1), (3, 0)]
    os.close(read)
    os.close(write)


def _closing(received):
    for descriptor in received[1]:
        os.close(descriptor)
    return received


def test_an_end_that_is_gone_is_told_to_both(ends):
    near, far = ends
    far.close()
    with pytest.raises(ChannelClosed):
        near.receive()
    with pytest.raises(ChannelClosed):
        near.send({})


@pytest.mark.parametrize("data", [b"\x05", b"\x00\x00\x01\x00half of it"])
def test_an_end_that_dies_in_the_middle_is_gone(ends, data):
    near, far = ends
    near.socket.sendall(data)
    near.close()
    with pytest.raises(ChannelClosed):
        far.receive()


def test_a_time_limit_is_kept(ends):
    ends[0].socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        ends[0].receive()


def test_pairs_are_streams():
    near, far = Channel.pair()
    assert near.socket.type == far.socket.type == socket.SOCK_STREAM
    near.close()
    far.close()
