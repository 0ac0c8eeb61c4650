"""Bodies as apps send and fetch them, made from a seed; a few hold a marker, most hold nothing.

Not recorded traffic: what matters for the search is how much of which kind there is, and how it is nested.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import struct
import uuid
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field

SHARES = {
    "JSON telemetry": 0.20,
    "gzip JSON": 0.10,
    "base64 in JSON": 0.12,
    "HTML": 0.13,
    "model weights": 0.25,
    "protobuf": 0.10,
    "pictures": 0.10,
}
"""Of the bytes as sent, by kind."""

HOLDING = 40_000
"""One piece of prose in so many holds the marker: most bodies hold nothing."""

_LINES = (
    "the of a to and in is it you that he was for on are with as his they be at one have this from or had by",
    "hot but some what there we can out other were all your when up use word how said an each she which do",
    "session window button render settings model chat prompt token stream cache error warning language",
)
_KEY = "phc_k4gRq9Zx81mWvTn2Bd"
_WORDS = tuple(word for line in _LINES for word in line.split())


@dataclass(slots=True)
class Maker:
    """Makes bodies; the same seed makes the same ones."""

    marker: str
    rng: random.Random = field(default_factory=lambda: random.Random(4))
    _made: int = 0

    def text(self, words: int) -> str:
        """Some prose; now and then with the marker."""
        self._made += 1
        prose = " ".join(self.rng.choices(_WORDS, k=words))
        return prose + " " + self.marker if self._made % HOLDING == 0 else prose

    def telemetry(self) -> bytes:
        """A batch of events as PostHog and its like send them: one person, one session, many events."""
        rng = self.rng
        person, session = (str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(2))
        events = [
            {
                "event": rng.choice(("$pageview", "$autocapture", "completion_created", "tool called")),
                "uuid": str(uuid.UUID(int=rng.getrandbits(128))),
                "timestamp": f"2026-11-{rng.randrange(10, 29)}T10:{rng.randrange(10, 60)}:07.123Z",
                "distinct_id": person,
                "properties": {
                    "$session_id": session,
                    "$current_url": f"https://app.example.com/chat?page={rng.randrange(99)}&from=%2Fhome",
                    "$lib": "posthog-python", "$lib_version": "3.7.4", "$os": "Linux",
                    "$user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
                    "elapsed_ms": rng.random() * 1000, "title": self.text(12), "token": _KEY,
                },
            }
            for _ in range(rng.randrange(5, 120))
        ]  # fmt: skip
        return json.dumps({"api_key": _KEY, "batch": events}).encode()

    def packed(self) -> bytes:
        """The same, several batches at once, compressed."""
        return gzip.compress(b"".join(self.telemetry() for _ in range(4)), 6, mtime=0)

    def attached(self) -> bytes:
        """An attachment in base64 between two fields."""
        blob = base64.b64encode(self.rng.randbytes(self.rng.randrange(20_000, 2_000_000))).decode()
        return json.dumps({"name": self.text(4), "data": blob, "note": self.text(30)}).encode()

    def page(self) -> bytes:
        """A page with entities, links and a script."""
        parts = ["<!DOCTYPE html><html><head><title>", self.text(5), "</title></head><body>"]
        for _ in range(self.rng.randrange(50, 400)):
            link = "/".join(self.rng.choices(_WORDS, k=4))
            parts.append(
                f'<div class="item-{self.rng.randrange(9)}" id="row{self.rng.randrange(10**6)}">'
                f'<p>{self.text(40)}&nbsp;&mdash; it&#39;s</p><a href="https://example.com/{link}?a=1&amp;b=2">{self.text(3)}</a>'
                "</div>\n"
            )
        parts.append(
            "<script>!function(e,t){var n=e.document;n.cookie='a=1';" + "t.push(n);" * 40 + "}()</script>"
        )
        return "".join(parts).encode()

    def weights(self) -> bytes:
        """Half-precision numbers as a model file holds them: little-endian bfloat16 around zero."""
        size = self.rng.randrange(1 << 20, 24 << 20)
        low = self.rng.randbytes(size // 2)
        high = bytes(0x3C + (byte & 3) | byte & 0x80 for byte in range(256))
        out = bytearray(2 * len(low))
        out[::2], out[1::2] = low, self.rng.randbytes(size // 2).translate(high)
        return bytes(out)

    def messages(self) -> bytes:
        """Protobuf as OpenTelemetry sends it, five bytes of gRPC framing before each message."""
        out = bytearray()
        for _ in range(self.rng.randrange(20, 300)):
            fields = [(1, self.rng.randbytes(16)), (2, self.rng.randbytes(8)), (5, self.text(3).encode())]
            fields += [(9, self.text(8).encode()) for _ in range(4)]
            message = b"".join(
                bytes([number << 3 | 2, len(value) & 0x7F]) + value[:127] for number, value in fields
            )
            out += struct.pack(">BI", 0, len(message)) + message
        return bytes(out)

    def picture(self) -> bytes:
        """A PNG of noise over a gradient."""
        rows = 400
        row = bytes(range(256)) * 3
        noise = self.rng.randbytes(rows * len(row) // 4)
        pixels = b"".join(b"\0" + row[:-192] + noise[at * 192 : at * 192 + 192] for at in range(rows))
        data = zlib.compress(pixels, 6)
        chunks = [
            (b"IHDR", struct.pack(">IIBBBBB", 256, rows, 8, 2, 0, 0, 0)),
            (b"tEXt", self.text(9).encode()),
        ]
        chunks += [(b"IDAT", data[at : at + 8192]) for at in range(0, len(data), 8192)] + [(b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )


KINDS: dict[str, Callable[[Maker], bytes]] = {
    "JSON telemetry": Maker.telemetry,
    "gzip JSON": Maker.packed,
    "base64 in JSON": Maker.attached,
    "HTML": Maker.page,
    "model weights": Maker.weights,
    "protobuf": Maker.messages,
    "pictures": Maker.picture,
}


def bodies(marker: str, size: int) -> Iterator[tuple[str, bytes]]:
    """Bodies of about `size` bytes together, kind by kind."""
    maker = Maker(marker)
    for kind, share in SHARES.items():
        left = int(size * share)
        while left > 0:
            body = KINDS[kind](maker)
            left -= len(body)
            yield kind, body
