from __future__ import annotations

import base64
import gzip
import io
import tarfile
import zipfile
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.budget import Budget
from auditor.classify.search.decoders import DECODERS
from auditor.classify.search.decoders import MOST_PIECES
from auditor.classify.search.decoders import View

NOTE = b"a note about velka-zofin-4821, twice: velka-zofin-4821"


def readings(name: str, data: bytes) -> list[bytes]:
    view = View(data, None, Budget(1 << 20), set())
    [decoder] = [one for one in DECODERS if one.name == name]
    return [reading.data for reading in decoder.read(view)]


def archive(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as made:
        made.writestr("first.txt", NOTE * 3)
        made.writestr("second.txt", NOTE[::-1] * 3)
    return packed.getvalue()


def test_every_entry_of_a_zip():
    assert readings("zip", b"before" + archive(zipfile.ZIP_DEFLATED)) == [NOTE * 3, NOTE[::-1] * 3]
    assert readings("zip", archive(zipfile.ZIP_STORED)) == []


@pytest.mark.parametrize(("mode", "coding"), [("gz", "gzip"), ("bz2", "bz2"), ("xz", "xz")])
def test_compressed_tar(mode, coding):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{mode}") as made:
        entry = tarfile.TarInfo("note")
        entry.size = len(NOTE)
        made.addfile(entry, io.BytesIO(NOTE))
    assert any(NOTE in reading for reading in readings(coding, packed.getvalue()))


def test_chunks_in_a_field_and_base_85_beside_binary_data():
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(NOTE), NOTE)
    assert readings("chunked", b"a note; field=" + chunks) == [NOTE]
    assert NOTE in readings("base85", b"\xff\x00 " + base64.b85encode(NOTE) + b" \xff")[0]


def test_a_string_in_chunks():
    assert readings("cbor", b"\xa1\x61t\x7f\x65velka\x67-zofin-\x644821\xff") == [b"velka-zofin-4821"]


def test_base64_backwards():
    assert NOTE in readings("base64-reversed", b'{"x": "' + base64.b64encode(NOTE + b".")[::-1] + b'"}')[0]
    packed = gzip.compress(NOTE)
    assert readings("base64-reversed", base64.b64encode(packed)[::-1])[0].startswith(packed)


@pytest.mark.parametrize(("size", "read"), [(40, True), (4000, False)])
def test_pixels_of_a_small_picture_alone(size, read):
    pixels = zlib.compress(Random(1).randbytes(size))
    chunk = len(pixels).to_bytes(4) + b"IDAT" + pixels
    assert bool(readings("deflate", b"\x89PNG" + chunk)) == read


def test_a_flushed_message_needs_no_end():
    packer = zlib.compressobj(wbits=-15)
    message = (packer.compress(NOTE) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert readings("deflate-raw", message) == [NOTE]


def test_events_are_joined():
    text = base64.b64encode(NOTE)
    events = b"".join(
        b"event: x\r\ndata: " + text[at : at + 10] + b"\r\n\r\n" for at in range(0, len(text), 10)
    )
    assert readings("sse", events) == [text]


def test_escapes_are_read_with_what_is_around_them_alone():
    far = b"x " * 50_000
    for name, escaped in (
        ("url", b"velka%2Dzofin"),
        ("json", rb"velka\u002dzofin"),
        ("html", b"velka&#45;zofin"),
    ):
        [reading] = readings(name, far + escaped + far)
        assert b"velka-zofin" in reading
        assert len(reading) < 4096


def test_stream_in_a_part_of_a_multipart_body():
    packed = zlib.compress(NOTE, wbits=-15)
    body = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + packed + b"\r\n--b--\r\n"
    assert readings("deflate-raw", body) == [NOTE]


def test_pieces_are_bounded_and_never_text():
    data = b"\xff" * 2000
    pieces = tuple((at, at + 1) for at in range(2000))
    view = View(data, (*pieces, (0, 100)), Budget(1 << 20), set())
    assert len(view.pieces) == MOST_PIECES
    assert view.pieces[0] == (0, 100)
    assert View(b"text", None, Budget(1 << 20), set()).pieces == []


def test_budget_ends_it():
    budget = Budget(10)
    view = View(b"\xff%41" * 100 + b"text %41 text", None, budget, set())
    assert not [reading for decoder in DECODERS for reading in decoder.read(view)]
    assert budget.cut


@given(st.binary(max_size=2000))
def test_places_of_readings_lie_in_what_was_read(data):
    view = View(data, None, Budget(1 << 20), set())
    for decoder in DECODERS:
        for reading in decoder.read(view):
            assert all(0 <= place <= len(data) for _, place in reading.marks)
            assert all(0 <= start <= end <= len(reading.data) for start, end in reading.pieces or ())
