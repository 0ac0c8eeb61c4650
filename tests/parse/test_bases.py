from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import bases

READERS = (
    bases.hexadecimal,
    bases.spaced_hexadecimal,
    lambda data: bases.base32(bases.tokens(data, set())),
    lambda data: bases.base58(bases.tokens(data, set())),
    bases.base85,
)
Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
RFC_1924 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"


def base58(data: bytes) -> bytes:
    number, signs = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        signs = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[rest] + signs
    return ("1" * (len(data) - len(data.lstrip(b"\0"))) + signs).encode()


def base64_readings(data: bytes) -> list[bases.Reading]:
    return list(bases.base64(bases.tokens(data, set())))


@given(st.binary(max_size=500))
def test_any_bytes_have_bounded_readings(data):
    readings = base64_readings(data) + [reading for read in READERS for reading in read(data)]
    assert sum(len(reading.data) for reading in readings) <= 12 * len(data) + 100
    for reading in readings:
        assert all(place <= len(data) for _, place in reading.marks)
        assert all(0 <= start <= end <= len(reading.data) for start, end in reading.pieces or ())


TEXTS = st.text("velkazofin 4821", min_size=16, max_size=200).map(str.encode)


@given(TEXTS, st.sampled_from(["", "k", "kk", "kkk"]), st.booleans())
def test_text_in_base64_inside_longer_runs(data, before, urlsafe):
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    coded = before.encode() + encode(data).rstrip(b"=")
    inner = data[3:-3]
    assert any(inner in reading.data for reading in base64_readings(b"<" + coded + b">"))


@given(st.binary(min_size=15, max_size=200))
def test_bytes_in_base64_as_a_token(data):
    token = base64.b64encode(data).rstrip(b"=")
    readings = base64_readings(b'{"a": "' + token + b'"}')
    assert (
        token.islower()
        or not token.strip(b"0123456789abcdefABCDEF-")
        or any(
            data in (reading.data[start:end] for start, end in reading.pieces or ()) for reading in readings
        )
    )


def test_wrapped_base64():
    data = bytes(range(200))
    for coded in (base64.encodebytes(data), base64.encodebytes(data).replace(b"\n", b"\r\n")):
        assert any(reading.data.startswith(data) for reading in base64_readings(coded))


def test_many_tokens_are_read_together_and_each_once():
    tokens = [base64.b64encode(b"token number %04d of many" % number) for number in range(500)]
    seen: set[bytes] = set()
    readings = list(bases.base64(bases.tokens(b" ".join(tokens), seen)))
    assert len(readings) < 10
    assert all(b"token number %04d of many" % number in readings[0].data for number in range(500))
    assert not bases.tokens(b" ".join(tokens), seen).places


def test_a_long_run_inside_a_longer_word():
    data = b"it says the same, over and over again. " * 500
    readings = base64_readings(b"prefix" + base64.b64encode(data))
    assert any(data[30:] in reading.data for reading in readings)


def test_marks_lead_back_to_the_run():
    data = (
        b'{"a": "'
        + base64.b64encode(b"a first long text")
        + b'", "b": "'
        + base64.b64encode(b"the second text")
        + b'"}'
    )
    reading = base64_readings(data)[0]
    at = reading.data.index(b"the second")
    assert max(mark for mark in reading.marks if mark[0] <= at)[1] == data.index(b'b": "') + 5


@given(st.binary(min_size=10, max_size=100), st.sampled_from(["", ":", " ", "-", ","]))
def test_hex(data, separator):
    coded = (data.hex(separator) if separator else data.hex()).encode()
    read = bases.spaced_hexadecimal if separator else bases.hexadecimal
    assert any(data in reading.data for reading in read(b"x" + coded.upper()))
    assert any(data in reading.data for reading in read(b"f" + coded)) or separator


@given(TEXTS)
def test_base32(data):
    for coded in (base64.b32encode(data), base64.b32encode(data).lower(), base64.b32hexencode(data)):
        for token in (coded, coded.rstrip(b"=")):
            assert any(data in reading.data for reading in READERS[2](b"<" + token + b">"))


@given(st.binary(min_size=16, max_size=150))
def test_base58(data):
    token = base58(data)
    assert (
        not token.strip(b"0123456789abcdefABCDEF")
        or any(data in reading.data for reading in READERS[3](b'"' + token + b'"'))
        or len(token) < 20
    )


def test_base58_of_a_known_value():
    # draft-msporny-base58, section 5
    [reading] = READERS[3](b"USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z")
    assert reading.data == b"The quick brown fox jumps over the lazy dog."


@pytest.mark.parametrize("size", [16, 17, 18, 19, 40])
def test_base85_in_three_alphabets(size):
    data = bytes(range(100, 100 + size))
    z85 = base64.b85encode(data).translate(bytes.maketrans(RFC_1924.encode(), Z85.encode()))
    for coded in (base64.b85encode(data), z85):
        assert any(data in reading.data for reading in bases.base85(b'{"a": "' + coded + b'"}'))
    assert any(data in reading.data for reading in bases.base85(base64.a85encode(data)))
    assert any(
        data in one.data for one in bases.base85(b"to: " + base64.a85encode(data, adobe=True) + b" end")
    )


def test_marks_are_composed():
    reading = bases.Reading(b"ab", ((0, 0), (1, 7)))
    assert bases.composed(reading, ((0, 100), (5, 200))).marks == ((0, 100), (1, 200))


@pytest.mark.parametrize("data", [b"A" * 3_000_000, b"1" * 3_000_000, b"a\n" * 1_000_000, b"~!#" * 1_000_000, b"<~" * 500_000,
                                  b"0:" * 1_000_000, b"AAAAAAAAAAAAAAAAAAAAAAAA " * 100_000])  # fmt: skip
def test_hostile_text_takes_no_time(data):
    begun = time.process_time()
    base64_readings(data)
    for read in READERS[:4]:
        list(read(data))
    list(bases.base85(data[: 64 * 1024]))
    assert time.process_time() - begun < 2
