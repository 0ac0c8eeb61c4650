from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from auditor.classify import ledger as ledgers
from auditor.classify.attribution import Attribution
from auditor.classify.contacts import Contacts
from auditor.classify.processes import ProcessTable
from auditor.classify.search.pieces import _leaves
from auditor.classify.search.pieces import _of_text
from auditor.classify.search.pieces import pieces
from auditor.evidence import journal
from auditor.model import observation as o


def slots(run) -> dict[str, list[str]]:
    """Values by the field that they stood in."""
    directory = run.seal()
    ledger = ledgers.read(journal.read(directory.events))
    processes = ProcessTable(ledger)
    contacts = Contacts(ledger, processes, Attribution(ledger, processes))
    found: dict[str, list[str]] = {}
    for one in pieces(directory, contacts.contacts, contacts.questions, "app"):
        found.setdefault(one.slot, []).append(one.text)
    return found


def test_url_header_cookie_and_json(run):
    flow = run.flow("10.1")
    headers = (("X-Id", "7"), ("Cookie", "sid=abc; theme=dark"), ("User-Agent", "app/1"))
    for number in range(2):
        body = json.dumps({"events": [{"n": number}, {"n": number + 10}], "who": "me"}).encode()
        run.request(flow, f"https://x.example/v1/e%20f?q={number}", body, headers=headers)
    found = slots(run)
    assert found["path 0"] == ["v1", "v1"]
    assert found["path 1"] == ["e f", "e f"]
    assert found["query q"] == ["0", "1"]
    assert found["header x-id"] == ["7", "7"]
    assert (found["cookie sid"], found["cookie theme"]) == (["abc", "abc"], ["dark", "dark"])
    assert found["json.events.n"] == ["0", "10", "1", "11"]
    assert found["json.who"] == ["me", "me"]
    assert "header user-agent" not in found


def test_forms_messages_and_streams(run):
    flow = run.flow("10.1")
    kind = (("Content-Type", "application/x-www-form-urlencoded"),)
    run.request(flow, "https://x.example/", b"a=1&b=two+words", headers=kind)
    exchange = run.request(flow, "https://x.example/ws", method="GET")
    stored = run.bodies.put(b'{"chunk": "vel"}')
    run.write(o.WebSocketMessage(exchange=exchange, direction="out", text=True, bytes=16, body=stored.name))
    raw = run.flow("10.1", port=7007)
    run.stream(raw, b"NICK velka\r\nUSER zofin\r\n")
    run.close(raw, "raw")
    found = slots(run)
    assert (found["form a"], found["form b"]) == (["1"], ["two words"])
    assert found["json.chunk"] == ["vel"]
    assert found["stream"] == ["NICK velka", "USER zofin"]


def test_labels_count_from_the_domain(run):
    run.lookup("10.1", "one.two.x.example")
    run.lookup("10.1", "three.x.example.")
    found = slots(run)
    assert found == {"label 1": ["two", "three"], "label 2": ["one"]}


def test_what_is_long_is_no_piece(run):
    flow = run.flow("10.1")
    run.request(flow, "https://x.example/", json.dumps({"a": "x" * 600, "b": "y"}).encode())
    assert "json.a" not in slots(run)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    )
)
def test_every_document_has_leaves_or_none(value):
    assert all(isinstance(path, str) and isinstance(text, str) for path, text in _leaves(value))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_the_end(data):
    list(_of_text("body", data))


def test_nesting_is_bounded():
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    assert list(_leaves(deep)) == []
    assert list(_of_text("body", b"[" * 60_000 + b"]" * 60_000)) == []
