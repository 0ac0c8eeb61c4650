"""Undoing content codings (RFC 9110 section 8.4.1) and chunked framing, piece by piece and bounded.

Not the choice of what to try on which bytes: that is `auditor.classify.search.unfold`.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from typing import TYPE_CHECKING
from typing import Protocol

import brotli  # type: ignore[import-untyped, unused-ignore]
import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

PIECE = 256 * 1024
"""Largest piece that a decoder is asked for at once where its library can be asked."""

LITTLE = 8
"""Bytes that may follow a stream's end mark, such as a line end; random bytes often `end` much sooner."""

SAFE = 4096
"""Compressed bytes between two copies of zlib's state, from which a broken stream is salvaged."""

STEP = 32
"""Input bytes given at once to libraries that cannot be asked for a limit; bounds what one call returns."""


Buffer = bytes | memoryview


class Inflater(Protocol):
    """One compressed stream on its way back."""

    finished: bool
    """The stream's own end mark was read, and little was given after it."""
    ended: bool
    """The end mark was read, whatever came after it."""

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """Give compressed bytes, take decoded pieces; ValueError when they are not of this coding."""


class Zlib:
    """Gzip, zlib or raw deflate (RFC 1952, 1950, 1951) by zlib's window parameter."""

    def __init__(self, window: int) -> None:
        """Use `window` as `zlib.decompressobj` does: 31 gzip, 15 zlib, -15 raw."""
        self._stream = zlib.decompressobj(window)
        self.finished = self.ended = False

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """Decode; pieces are at most `PIECE` long."""
        for start in range(0, len(data), SAFE):
            step = data[start : start + SAFE]
            before = self._stream.copy()
            try:
                pieces = list(self._step(step))
            except zlib.error as error:
                # zlib throws away what a call had decoded before the error.
                self._stream = before
                yield from self._salvage(step)
                raise ValueError(f"not deflate data: {error}") from error
            yield from pieces
            if self._stream.eof:
                self.ended = True
                after = len(self._stream.unused_data) + len(data[start + SAFE :])
                self.finished = after <= LITTLE
                return

    def _step(self, data: Buffer) -> Iterator[bytes]:
        while data and not self._stream.eof:
            piece = self._stream.decompress(data, PIECE)
            data = self._stream.unconsumed_tail
            if not piece:
                break
            yield piece

    def _salvage(self, data: Buffer) -> Iterator[bytes]:
        """Everything before the first byte that cannot be: halves are tried, and halves of those."""
        while len(data) > 1:
            half = len(data) // 2
            before = self._stream.copy()
            try:
                yield self._stream.decompress(data[:half])
                data = data[half:]
            except zlib.error:
                self._stream = before
                data = data[:half]


class Brotli:
    """Brotli (RFC 7932)."""

    def __init__(self) -> None:
        """Start a stream."""
        self._stream = brotli.Decompressor()
        self.finished = self.ended = False

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """Decode; the library takes no limit, so the input is given in small steps."""
        for start in range(0, len(data), STEP):
            if self.finished:
                return
            try:
                piece: bytes = self._stream.process(data[start : start + STEP])
            except brotli.error as error:
                raise ValueError("not brotli data") from error
            self.finished = self.ended = self._stream.is_finished()
            if piece:
                yield piece


class Zstandard:
    """Zstandard (RFC 8878), frames with a window of at most 8 MiB as the RFC asks of HTTP."""

    def __init__(self) -> None:
        """Start a stream."""
        self._stream = zstandard.ZstdDecompressor(max_window_size=8 << 20).decompressobj()
        self.finished = self.ended = False

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """Decode; the library takes no limit, so the input is given in small steps."""
        for start in range(0, len(data), STEP):
            if self.finished:
                return
            try:
                piece = self._stream.decompress(data[start : start + STEP])
            except zstandard.ZstdError as error:
                raise ValueError(f"not zstandard data: {error}") from error
            self.finished = self.ended = self._stream.eof
            if piece:
                yield piece


class Archived:
    """Bzip2, and XZ with dictionaries of at most 64 MiB, by the standard library's decompressors."""

    def __init__(self, stream: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        """Start a stream."""
        self._stream = stream
        self.finished = self.ended = False

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """Decode; pieces are at most `PIECE` long."""
        given: Buffer = data
        while not self._stream.eof and (given or not self._stream.needs_input):
            try:
                piece = self._stream.decompress(given, PIECE)
            except (OSError, lzma.LZMAError) as error:
                raise ValueError(f"not an archive: {error}") from error
            given = b""
            if piece:
                yield piece
        self.finished = self.ended = self._stream.eof


CODINGS: dict[str, Callable[[], Inflater]] = {
    "gzip": lambda: Zlib(31),
    "x-gzip": lambda: Zlib(31),
    "deflate": lambda: Zlib(15),
    "deflate-raw": lambda: Zlib(-15),
    "br": Brotli,
    "zstd": Zstandard,
    "bz2": lambda: Archived(bz2.BZ2Decompressor()),
    "xz": lambda: Archived(lzma.LZMADecompressor(memlimit=80 << 20)),
}
"""Codings by their registered name, `deflate-raw` being what some senders mean by `deflate`."""


def inflate(coding: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decode one content coding as the pieces come.

    Args:
        coding: A key of `CODINGS`.
        pieces: The encoded bytes.

    Raises:
        ValueError: unknown coding, or the bytes are not of it. What was decoded before it was yielded.
    """
    if coding not in CODINGS:
        raise ValueError(f"unknown content coding {coding!r}")
    inflater = CODINGS[coding]()
    for piece in pieces:
        yield from inflater.feed(piece)


def inflate_some(coding: str, data: Buffer, limit: int) -> tuple[bytes, bool]:
    """Decode at most `limit` bytes of `data`.

    Returns:
        What was decoded, and whether the stream's end mark was reached within the limit.

    Raises:
        ValueError: nothing at all could be decoded.
    """
    out, finished, _ = inflate_until(coding, data, limit)
    return out, finished


def inflate_until(coding: str, data: Buffer, limit: int) -> tuple[bytes, bool, bool]:
    """The same, and whether the data ended, unbroken, before the stream did."""
    inflater = CODINGS[coding]()
    out = bytearray()
    try:
        for piece in inflater.feed(data):
            out += piece
            if len(out) >= limit:
                return bytes(out[:limit]), False, False
    except ValueError:
        if not out:
            raise
        return bytes(out), inflater.finished, False
    return bytes(out), inflater.finished, not inflater.ended


PROBE = 256
"""Compressed bytes that show whether a stream is one: few random ones live as long."""


def begins(coding: str, data: bytes, start: int, end: int | None = None) -> bool:
    """Whether a stream of this coding may begin here; cheap, and mistaken now and then in its favour."""
    head = data[start : min(start + PROBE, end if end is not None else len(data))]
    try:
        if coding in _WINDOWS:
            zlib.decompressobj(_WINDOWS[coding]).decompress(head, 64)
        elif coding == "br":
            brotli.Decompressor().process(head[:STEP])
    except (zlib.error, brotli.error):
        return False
    return True


_WINDOWS = {"deflate": 15, "deflate-raw": -15, "gzip": 31}
_DEFLATED = 8


def zip_entry(data: bytes, at: int) -> tuple[int, str]:
    """Where the content behind a local file header of a ZIP archive begins, and its coding.

    Source: APPNOTE.TXT 4.3.7. The coding is empty unless it is deflate: stored content is seen as it is,
    and others announce themselves.
    """
    head = data[at : at + 30]
    if len(head) < 30 or int.from_bytes(head[8:10], "little") != _DEFLATED:
        return at, ""
    name, extra = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
    return at + 30 + name + extra, "deflate-raw"


_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[^\r\n]{0,64}\r\n")


def dechunk(data: bytes) -> bytes:
    r"""Join the chunks of a chunked body (RFC 9112 section 7.1); a missing end is forgiven.

    Raises:
        ValueError: it does not begin with a whole chunk.

    >>> dechunk(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    b'abcde'
    """
    out, _ = dechunk_at(data, 0)
    if not out:
        raise ValueError("no chunked framing")
    return out


def dechunk_at(data: bytes, at: int) -> tuple[bytes, int]:
    """Join the chunks of a chunked body inside other bytes, and say where it ends; empty if there is none."""
    out = bytearray()
    while (head := _CHUNK.match(data, at)) and (size := int(head[1], 16)):
        begin = head.end()
        if begin + size <= len(data) and data[begin + size : begin + size + 2] not in (b"\r\n", b""):
            break
        out += data[begin : begin + size]
        at = begin + size + 2
    return bytes(out), at
