"""What is said beside the requests of HTTP/2, by a real client's frames and by any bytes."""

from __future__ import annotations

import struct

import h2.connection
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse.h2_frames import PREFACE
from auditor.parse.h2_frames import Beside

HEAD = [(":method", "POST"), (":path", "/"), (":scheme", "https"), (":authority", "a.example")]


def frame(kind, payload, flags=0):
    return struct.pack("!BHBBI", len(payload) >> 16, len(payload) & 0xFFFF, kind, flags, 1) + payload


def beside(*frames, step=None):
    reader, data = Beside(), PREFACE + b"".join(frames)
    return b"".join(
        reader.feed(data[at : at + (step or len(data))]) for at in range(0, len(data), step or len(data))
    )


def test_an_ordinary_client_says_nothing():
    talk, reader = h2.connection.H2Connection(), Beside()
    talk.initiate_connection()
    talk.send_headers(1, HEAD)
    talk.send_data(1, b"x" * 5000, end_stream=True, pad_length=20)
    assert reader.feed(talk.data_to_send()) == b""


def test_pings_farewells_and_unknown_frames():
    answered = frame(6, b"answered", flags=1)
    goodbye = frame(7, bytes(8) + b"goodbye")
    assert beside(frame(6, b"a secret"), answered, frame(0xBB, b"mine"), goodbye) == b"a secretminegoodbye"


def test_padding_and_settings_that_nobody_knows():
    padded = frame(0, b"\x06body!" + b"hidden", flags=8)
    settings = frame(4, struct.pack("!HIHI", 3, 100, 0xF000, 0x68696464))
    assert beside(padded, settings) == b"hiddenhidd"


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.integers(1, 50))
def test_any_cut_gives_the_same(payloads, step):
    frames = [frame(kind, each, flags=8) for kind, each in zip((0, 6, 0x77, 4, 7), payloads, strict=False)]
    assert beside(*frames, step=step) == beside(*frames)


@given(st.binary(max_size=400))
def test_any_bytes(data):
    reader = Beside()
    assert len(reader.feed(data)) <= len(data)
