from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from auditor.parse.web_answer import texts

HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\n"


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.integers(1, 9), st.integers(1, 40))
def test_an_answer_in_pieces_is_put_together(answer, piece, chunk):
    events = [answer[at : at + piece] for at in range(0, len(answer), piece)]
    stream = "".join(f"data: {json.dumps({'choices': [{'delta': {'content': e}}]})}\n\n" for e in events)
    body = chunked(stream.encode() + b"data: [DONE]\n\n", chunk)
    assert answer in texts(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body)


def test_a_page_and_a_document_on_one_connection():
    page = b"<p>It is velka.</p>"
    document = json.dumps({"message": {"role": "assistant", "content": "It is tovin."}}, indent=1).encode()
    said = texts(HEAD + b"\r\n" + page + HEAD + b"\r\n" + document)
    assert said == ("<p>It is velka.</p>", "assistant", "It is tovin.")


def test_messages_of_a_websocket_with_a_ping_and_a_cut_one_between():
    frames = b"\x01\x03abc" + b"\x89\x00" + b"\x80\x02de" + b'\x81\x7e\x00\x0d42["msg","x"]'
    frames += b"\x82\x7f" + (5).to_bytes(8) + b"cut"
    assert texts(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + frames) == ("msg", "x")
    plain = texts(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")
    assert plain == ("hello",)


@given(st.binary())
def test_whatever_was_sent_it_is_no_error(sent):
    assert all(isinstance(text, str) for text in texts(sent))
    texts(HEAD + b"\r\n" + sent)
    texts(b"HTTP/1.1 101 x\r\n\r\n" + sent)
