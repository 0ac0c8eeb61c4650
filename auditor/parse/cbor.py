"""Strings of CBOR that are sent in pieces (RFC 8949 section 3.2.3).

Not the rest of CBOR: other strings stand in it as they are.
"""

from __future__ import annotations

_TEXT, _BYTES = 0x60, 0x40
_INDEFINITE = 31
_BREAK = 0xFF
_LONGER = {24: 1, 25: 2, 26: 4}
"""Bytes of a length, by what stands in its place."""
_SHORT = range(24 + len(_LONGER))


def joined_chunks(data: bytes, at: int) -> bytes:
    r"""The chunks of the string of indefinite length that begins at `at`; a missing end is forgiven.

    Empty unless another chunk, or the end, follows the first.

    >>> joined_chunks(b"\x7f\x63abc\x62de\xff", 0)
    b'abcde'
    """
    kind = data[at] - _INDEFINITE if at < len(data) else 0
    if kind not in (_TEXT, _BYTES):
        return b""
    chunks: list[bytes] = []
    at += 1
    while at < len(data) and data[at] != _BREAK:
        short = data[at] - kind
        if short not in _SHORT:
            return b"".join(chunks) if len(chunks) > 1 else b""
        size = _LONGER.get(short, 0)
        length = int.from_bytes(data[at + 1 : at + 1 + size]) if size else short
        chunks.append(data[at + 1 + size : at + 1 + size + length])
        at += 1 + size + length
    return b"".join(chunks)
