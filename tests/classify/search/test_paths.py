from __future__ import annotations

import base64
import gzip
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.search.budget import budget_for
from auditor.classify.search.paths import steps
from auditor.classify.search.unfold import unfold

MARKER = b"velka-zofin-4821"


def found(data: bytes) -> list[str]:
    nodes = unfold(data, budget_for(len(data)))
    return [" > ".join(steps(node, node.data.index(MARKER))) for node in nodes if MARKER in node.data]


NOTE = f"all about {MARKER.decode()}, and more"
DEEP = {"id": 7, "events": [1, "x, y: [z]", {}, {"props": NOTE, "later": [2]}]}
TEXT64 = base64.b64encode(NOTE.encode() * 3).decode()


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (json.dumps(DEEP).encode(), "json:$.events[3].props"),
        (gzip.compress(json.dumps(DEEP).encode()), "gzip > json:$.events[3].props"),
        (json.dumps({"a": [0, {"b c": TEXT64}]}).encode(), 'json:$.a[1]["b c"] > base64'),
        (json.dumps({"x": "one", "a": json.dumps(DEEP)}).encode(), "json:$.a > json:$.events[3].props"),
        (b'{"n": 1}\n' + json.dumps(DEEP).encode() + b'\n{"m": 2}', "json:$.events[3].props"),
        (b"\x0a\x02{}\x1a\x8c\x01" + json.dumps([DEEP]).encode() + b"\x22\x01z", "json:$[0].events[3].props"),
        (b'event: x\ndata: {"n": 1}\n\ndata: ' + json.dumps(DEEP).encode() + b"\n", "json:$.events[3].props"),
        (b"a=1&prompt=about-" + MARKER + b"&z=2", "form:prompt"),
        (b"a=1&prompt=" + urllib.parse.quote(json.dumps(DEEP), safe="").encode(), "form:prompt > json:$.events[3].props"),
        (b'--b\r\nContent-Disposition: form-data; name="up"\r\n\r\n' + json.dumps(DEEP).encode() + b"\r\n--b--",
         "multipart:up > json:$.events[3].props"),
        (b"plain text about " + MARKER, ""),
        (json.dumps({MARKER.decode(): 1}).encode(), "json:$"),
    ],
)  # fmt: skip
def test_path(data, path):
    assert path in found(data)


def test_document_cut_off_and_closed_before():
    assert found(json.dumps(DEEP).encode()[:70] + MARKER) == ["json:$.events[3].props"]
    assert found(b'{"a": 1} then ' + MARKER) == [""]


def test_long_paths_keep_their_end():
    data = json.dumps(
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": {"k": {"l": {"m": NOTE}}}}}}}}}}}}}
    ).encode()
    assert found(data) == ["json:$....b.c.d.e.f.g.h.i.j.k.l.m"]


VALUES = st.recursive(
    st.one_of(st.text(max_size=20), st.integers(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(VALUES, st.text("abc_", min_size=1, max_size=8), st.integers(0, 3))
def test_the_path_leads_to_the_value(other, key, before):
    data = json.dumps({"other": other, key: [*[other] * before, NOTE]}).encode()
    assert found(data)[0] == f"json:$.{key}[{before}]"


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_have_steps(data, at):
    for node in unfold(data, budget_for(len(data))):
        assert all(isinstance(step, str) for step in steps(node, min(at, len(node.data))))
