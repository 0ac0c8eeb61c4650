from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse.numerals import FEWEST
from auditor.parse.numerals import numerals

WRITERS: dict[str, tuple[str, Callable[[bytes], str]]] = {
    "list": ("decimal", lambda data: str(list(data))),
    "compact list": ("decimal", lambda data: json.dumps(list(data), separators=(",", ":"))),
    "indented list": ("decimal", lambda data: json.dumps({"a": list(data)}, indent=4)),
    "signed": ("decimal", lambda data: str([byte - 256 if byte > 127 else byte for byte in data])),
    "spaced": ("decimal", lambda data: " ".join(map(str, data))),
    "C": ("hex-c", lambda data: "{" + ", ".join(f"0x{byte:02x}" for byte in data) + "};"),
    "C, short": ("hex-c", lambda data: " ".join(f"{byte:#x}" for byte in data)),
    "binary": ("binary", lambda data: " ".join(f"{byte:08b}" for byte in data)),
    "binary without space": ("binary", lambda data: "".join(f"{byte:08b}" for byte in data)),
}


@pytest.mark.parametrize("writer", WRITERS)
@given(st.binary(min_size=FEWEST, max_size=80))
def test_every_writing_of_any_bytes(writer, data):
    name, write = WRITERS[writer]
    [reading] = numerals(name, b"before: " + write(data).encode() + b" after")
    assert reading.data == data


def test_places():
    text = b"x " * 20 + str(list(b"velka-zo")).encode() + b" and " + str(list(b"fin-4821")).encode()
    [reading] = numerals("decimal", text)
    assert reading.data == b"velka-zo\nfin-4821"
    assert reading.marks == ((0, 41), (9, text.index(b"[102") + 1))


@pytest.mark.parametrize(
    "text",
    [
        b"1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5",
        b"1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000",
        b"1, 2, 3",
    ],
)
def test_other_numbers_are_no_bytes(text):
    assert not list(numerals("decimal", text))


@given(st.text("0123456789xab ,.-\n", max_size=200))
def test_any_digits(text):
    for name in ("decimal", "hex-c", "binary"):
        for reading in numerals(name, text.encode()):
            assert len(reading.data) <= len(text)
