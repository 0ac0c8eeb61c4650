from __future__ import annotations

import base64
import random

import pytest

from auditor.classify.search import lines
from auditor.classify.search.pieces import Piece

MARKER = "velka-zofin-4821"


def piece(at: float, text: str, **changes) -> Piece:
    values = {
        "site": "x.example",
        "slot": "query p",
        "where": "url",
        "subject": f"f{at:g}",
        "exchange": f"f{at:g}.1",
    }
    return Piece(**{"at": at, "text": text, **values, **changes})


@pytest.mark.parametrize("form", ["{n}-{part}", "{part}.{n}", "part{n}={part}", "{n}:{part}"])
def test_numbered_pieces_are_put_in_order(form):
    parts = [MARKER[at : at + 2] for at in range(0, 16, 2)]
    pieces = [piece(n, form.format(n=n, part=part)) for n, part in enumerate(parts)]
    random.Random(1).shuffle(pieces)
    (group, *_) = lines.groups(pieces)
    assert any(MARKER in line.text for line in lines.lines(group))


@pytest.mark.parametrize("size", [2, 5])
def test_pieces_with_their_number_in_a_field_beside_them(size):
    parts = [MARKER[at : at + size] for at in range(0, 16, size)]
    numbers = list(range(len(parts)))
    random.Random(1).shuffle(numbers)
    pieces = []
    for at, number in enumerate(numbers):
        pieces.append(piece(at, str(number + 1), slot="json.part"))
        pieces.append(piece(at, parts[number], slot="json.data"))
    texts = {line.text for group in lines.groups(pieces) for line in lines.lines(group)}
    assert MARKER in texts


@pytest.mark.parametrize(
    "write", [lambda data: data.hex(), lambda data: base64.b64encode(data).decode(),
              lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
              lambda data: base64.b32encode(data).decode().lower().rstrip("=")],
)  # fmt: skip
def test_pieces_that_are_encoded_one_by_one(write):
    pieces = [piece(at, write(MARKER[at : at + 4].encode())) for at in range(0, 16, 4)]
    (group, *_) = lines.groups(pieces)
    assert MARKER in {line.text for line in lines.lines(group)}


def test_one_sign_at_a_time_is_a_line():
    # The pairs of A and AAAA that resolvers ask for say each sign twice.
    pieces = [piece(n + half / 9, sign, where="lookup") for n, sign in enumerate(MARKER) for half in (0, 1)]
    (group, *_) = lines.groups(pieces)
    assert {line.text for line in lines.lines(group)} == {MARKER, MARKER[::-1]}


def test_two_equal_signs_of_a_field_are_two():
    (group, *_) = lines.groups([piece(n, sign) for n, sign in enumerate("tovvin-jakeel-9946")])
    assert "tovvin-jakeel-9946" in {line.text for line in lines.lines(group)}
