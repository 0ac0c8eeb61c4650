"""Observations on their way from an observer's process to the supervisor, one line each.

Not the journal: sequence numbers, phases and wall-clock times are given where the journal is written.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.model.observation import OBSERVATION_TYPES
from auditor.model.observation import Observation

END: Final = b"end"
"""Last line of an observer that stopped in good order."""
_BY_KIND: dict[bytes, type[Observation]] = {cls.kind.encode(): cls for cls in OBSERVATION_TYPES}
_encoder = msgspec.json.Encoder()
_decoders = {kind: msgspec.json.Decoder(cls) for kind, cls in _BY_KIND.items()}


def pack(at: float, what: Observation) -> bytes:
    """One line, newline included; `at` is `time.monotonic()` of the moment it was seen."""
    return b"%.6f %b %b\n" % (at, what.kind.encode(), _encoder.encode(what))


def unpack(line: bytes) -> tuple[float, Observation]:
    """The opposite of `pack`.

    Raises:
        ValueError: it is no such line.
    """
    try:
        at, kind, body = line.split(b" ", 2)
        return float(at), _decoders[kind].decode(body)
    except (KeyError, msgspec.MsgspecError) as error:
        raise ValueError(f"not an observation: {error}") from error
