from __future__ import annotations

from auditor.record import overheard
from auditor.record.overheard import Conversation
from auditor.record.overheard import without_compression


def test_only_heads_of_requests_are_touched_and_nothing_moves():
    head = b"POST /chat HTTP/1.1\r\nSec-WebSocket-Extensions: permessage-deflate\r\nACCEPT-ENCODING: br"
    body = b"\r\n\r\nAccept-Encoding: br"
    changed = without_compression(head + body)
    assert len(changed) == len(head + body)
    assert changed.endswith(body)
    assert b"xtensions:" not in changed
    assert b"ENCODING:" not in changed
    assert without_compression(body) == body


def test_of_a_long_conversation_the_end_is_kept(monkeypatch):
    monkeypatch.setattr(overheard, "MOST_BYTES", 100)
    heard = Conversation()
    for number in range(100):
        assert heard.hear(b"%07d" % number) == b"%07d" % number
    assert bytes(heard) == b"".join(b"%07d" % number for number in range(100))[-100:]
