"""JA4 against the example of its published description."""

from __future__ import annotations

import struct
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from auditor.parse.ja4 import ClientHello
from auditor.parse.ja4 import is_grease
from auditor.parse.ja4 import ja4

CIPHERS = (
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014,
    0x009C, 0x009D, 0x002F, 0x0035,
)  # fmt: skip
ALGORITHMS = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
KINDS = (
    0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B,
    0xFF01, 0x000B, 0x000A, 0x0015,
)  # fmt: skip


def listed(numbers, width):
    body = struct.pack(f"!{len(numbers)}H", *numbers)
    return len(body).to_bytes(width, "big") + body


BODIES = {
    0x0000: b"\0\x0e\0\0\x0bexample.org",
    0x000D: listed(ALGORITHMS, 2),
    0x0010: b"\0\x0c\x02h2\x08http/1.1",
    0x002B: listed((0x7A7A, 0x0304, 0x0303), 1),
}
CHROME = ClientHello(
    legacy_version=0x0303,
    ciphers=(0x0A0A, *CIPHERS),
    extensions=((0x2A2A, b""), *((kind, BODIES.get(kind, b"")) for kind in KINDS), (0xFAFA, b"\0")),
)


def without(hello, *kinds):
    return replace(hello, extensions=tuple(pair for pair in hello.extensions if pair[0] not in kinds))


def test_published_example():
    assert ja4(CHROME) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_order_of_ciphers_and_extensions_does_not_matter():
    shuffled = replace(CHROME, ciphers=CHROME.ciphers[::-1], extensions=CHROME.extensions[::-1])
    assert ja4(shuffled) == ja4(CHROME)


def test_bare_address_and_old_version():
    assert ja4(without(CHROME, 0, 0x2B, 0x10))[:10] == "t12i151300"


def test_alpn_that_is_no_text_is_shown_in_hex():
    odd = replace(without(CHROME, 0x10), extensions=((0x10, b"\0\x03\x02\xab\xcd"),))
    assert ja4(odd)[8:10] == "ad"


def test_nothing_at_all():
    bare = ClientHello(legacy_version=0x0300, ciphers=(), extensions=())
    assert ja4(bare) == "ts3i000000_000000000000_000000000000"


def test_grease_is_sixteen_values():
    assert [number for number in range(0x10000) if is_grease(number)] == [
        nibble * 0x1010 + 0x0A0A for nibble in range(16)
    ]


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.integers(0, 0xFFFF), max_size=200),
    st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=40)), max_size=200),
)
def test_any_fields_give_a_fingerprint(version, ciphers, extensions):
    hello = ClientHello(legacy_version=version, ciphers=tuple(ciphers), extensions=tuple(extensions))
    head, middle, tail = ja4(hello).split("_")
    assert (len(head), len(middle), len(tail)) == (10, 12, 12)
