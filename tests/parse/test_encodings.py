from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import zipfile
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import encodings

PACK = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate-raw": lambda data: zlib.compress(data, wbits=-15),
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def pieces(data: bytes, size: int):
    return (data[at : at + size] for at in range(0, len(data), size))


@given(st.sampled_from(sorted(PACK)), st.binary(max_size=5000), st.integers(1, 700))
def test_round_trip_in_any_pieces(coding, data, size):
    assert b"".join(encodings.inflate(coding, pieces(PACK[coding](data), size))) == data


def test_every_coding_is_tested():
    assert PACK.keys() == encodings.CODINGS.keys()


@given(st.sampled_from(sorted(PACK)), st.binary(max_size=400))
def test_any_bytes_decode_or_raise_value_error(coding, data):
    with contextlib.suppress(ValueError):
        list(encodings.inflate(coding, [data]))


def test_unknown_coding():
    with pytest.raises(ValueError, match="unknown content coding 'lzma'"):
        list(encodings.inflate("lzma", [b"x"]))


@pytest.mark.parametrize("coding", sorted(PACK))
def test_limit_bounds_what_is_decoded(coding):
    packed = PACK[coding](bytes(50 << 20))
    assert encodings.inflate_some(coding, packed, 1000) == (bytes(1000), False)


@pytest.mark.parametrize("coding", sorted(PACK))
def test_pieces_stay_small(coding):
    sizes = [len(piece) for piece in encodings.CODINGS[coding]().feed(PACK[coding](bytes(40 << 20)))]
    assert sum(sizes) == 40 << 20
    assert max(sizes) <= 34 << 20


@pytest.mark.parametrize("coding", sorted(PACK))
def test_end_mark_is_noticed(coding):
    packed = PACK[coding](b"hello there")
    assert encodings.inflate_some(coding, packed, 1000) == (b"hello there", True)
    assert not encodings.inflate_some(coding, packed[:-1], 1000)[1]


def test_what_came_before_an_error_is_kept():
    stored = b"\x00\x05\x00\xfa\xffhello\x07"
    assert encodings.inflate_some("deflate-raw", stored, 1000) == (b"hello", False)
    with pytest.raises(ValueError, match="deflate"):
        encodings.inflate_some("deflate-raw", b"\x07\x07", 1000)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entry_of_a_zip_archive(method):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("notes/today.txt", "hello there, hello there")
    data = packed.getvalue()
    start, coding = encodings.zip_entry(data, 0)
    assert coding == ("deflate-raw" if method else "")
    if coding:
        assert encodings.inflate_some(coding, data[start:], 100)[0] == b"hello there, hello there"


@given(st.sampled_from(sorted(PACK)), st.binary(max_size=2000))
def test_what_begins_a_stream(coding, data):
    packed = PACK[coding](data)
    assert encodings.begins(coding, b"xx" + packed, 2)


@given(st.binary(max_size=60))
def test_any_entry_of_a_zip_archive(data):
    encodings.zip_entry(b"PK\x03\x04" + data, 0)


def test_chunks_are_joined():
    assert encodings.dechunk(b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nrest") == b"abc0123456789"
    assert encodings.dechunk(b"5\r\nab") == b"ab"


@pytest.mark.parametrize("data", [b"", b"hello", b"0\r\n\r\n", b"zz\r\nabc", b"2\r\nabc\r\n"])
def test_what_is_not_chunked(data):
    with pytest.raises(ValueError, match="chunked"):
        encodings.dechunk(data)


@given(st.binary(max_size=200))
def test_dechunking_any_bytes(data):
    with contextlib.suppress(ValueError):
        assert len(encodings.dechunk(data)) <= len(data)
