from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import http_body


@pytest.mark.parametrize(
    ("value", "expected"),
    [("gzip", ("gzip",)), ("GZIP, br", ("br", "gzip")), ("identity", ()), ("", ()), ("a,b,c,d,e", ())],
)
def test_codings(value, expected):
    assert http_body.codings((("Content-Encoding", value),)) == expected


def test_media_type():
    assert http_body.media_type((("content-type", "Application/JSON; charset=utf-8"),)) == "application/json"
    assert http_body.media_type(()) == ""


def test_names_in_json_forms_and_parts():
    assert http_body.field_names(b'[{"a": {"b.c": [1, {"$d": 2}]}}') == {"a", "b.c", "$d"}
    assert http_body.field_names(b"event=x&properties[os]=1") == {"event", "properties[os]"}
    part = b'--b\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="x"\r\n\r\nMDMP\r\n--b--'
    assert "upload_file_minidump" in http_body.field_names(part)


def test_names_in_several_lines_of_json():
    assert http_body.field_names(b'{"event_id": "1"}\n{"type": "event"}\n{"exception": {}}') == {
        "event_id", "type", "exception"
    }  # fmt: skip


def test_form_values():
    assert http_body.form_values(b"?a=short&text=hello+wide%20world&x=12345678") == [
        (b"hello wide world", 14),
    ]


def test_parts():
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nfirst\r\nline\r\n'
        b"--xyz\r\n\r\n\r\nno head\r\n--xyz--\r\n"
    )
    assert [body[start:end] for start, end in http_body.part_spans(body)] == [
        b"first\r\nline",
        b"\r\nno head",
    ]
    assert http_body.part_spans(b"nothing of the kind") == []


@given(st.binary(max_size=300))
def test_any_bytes(data):
    http_body.field_names(data)
    assert sum(end - start for start, end in http_body.part_spans(data)) <= len(data)
    assert sum(len(value) for value, _ in http_body.form_values(data)) <= len(data)


@pytest.mark.parametrize("data", [b'"' * 200_000, b'"a' * 100_000, b"a=" * 100_000, b"[" * 200_000, b"a" * 200_000,
                                  b"content-disposition:" * 10_000, b"--" * 100_000, b"\n--a" * 50_000])  # fmt: skip
def test_hostile_bodies_take_no_time(data):
    begun = time.process_time()
    http_body.field_names(data)
    http_body.form_values(data)
    http_body.part_spans(data)
    assert time.process_time() - begun < 1
