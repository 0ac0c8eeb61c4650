"""Writing and reading `events.jsonl`, one observation a line, append-only.

Not the other files of a run directory: those are in `auditor.evidence.store`.
"""

from __future__ import annotations

import bisect
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import BinaryIO

import msgspec

from auditor.model.observation import OBSERVATION_TYPES
from auditor.model.observation import Entry
from auditor.model.observation import Observation
from auditor.model.observation import PhaseBegan

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

_BY_KIND: dict[str, type[Observation]] = {cls.kind: cls for cls in OBSERVATION_TYPES}
_ENVELOPE = ("seq", "t", "mono", "phase", "observer", "kind")
_encoder = msgspec.json.Encoder()


class Journal:
    """The one writer of a recording's events; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Create the journal.

        Raises:
            OSError: the file exists already or cannot be written.
        """
        self.path = path
        self._file: BinaryIO = path.open("xb", buffering=0)
        self._lock = threading.Lock()
        self._seq = 0
        self.zero = time.monotonic()
        """`time.monotonic()` at the beginning of the recording."""
        self._phases: list[tuple[float, str]] = [(self.zero, "start")]
        self._listeners: list[Callable[[Entry], None]] = []
        self.failed: OSError | None = None
        """The first write error (a full disk), after which nothing more is written."""

    def subscribe(self, listener: Callable[[Entry], None]) -> None:
        """Call `listener` with every entry after it was written (live progress)."""
        self._listeners.append(listener)

    def begin_phase(self, name: str) -> None:
        """Switch the phase that following entries fall in, and write it down."""
        with self._lock:
            self._phases.append((time.monotonic(), name))
        self.write("record", PhaseBegan(name=name))

    def write(self, observer: str, what: Observation, *, at: float | None = None) -> Entry:
        """Append one observation.

        Args:
            observer: Who saw it.
            what: What was seen.
            at: `time.monotonic()` of the moment it was seen, for observers that report later; it
                decides the phase.
        """
        now = time.monotonic()
        at = now if at is None else at
        with self._lock:
            self._seq += 1
            entry = Entry(
                seq=self._seq,
                t=round(time.time() - (now - at), 6),
                mono=round(at - self.zero, 6),
                phase=self._phase_at(at),
                observer=observer,
                what=what,
            )
            self._append(encode(entry))
        for listener in self._listeners:
            listener(entry)
        return entry

    def _phase_at(self, at: float) -> str:
        index = bisect.bisect_right(self._phases, at, key=lambda begun: begun[0])
        return self._phases[max(index - 1, 0)][1]

    def _append(self, line: bytes) -> None:
        if self.failed is not None or self._file.closed:
            return
        try:
            self._file.write(line)
        except OSError as error:
            self.failed = error

    def close(self) -> None:
        """Close the file; later writes are dropped."""
        with self._lock:
            self._file.close()


def encode(entry: Entry) -> bytes:
    """One line, newline included."""
    # A gap names the blind observer in a field of the same name: it is the observer of its line.
    observer = getattr(entry.what, "observer", entry.observer)
    head = _Head(
        seq=entry.seq, t=entry.t, mono=entry.mono, phase=entry.phase, observer=observer,
        kind=entry.what.kind,
    )  # fmt: skip
    try:
        what = _encoder.encode(entry.what)
    except UnicodeEncodeError:
        what = _encoder.encode(_spelled(msgspec.to_builtins(entry.what)))
    # Two encodings spliced together: five times faster than merging dictionaries.
    return b"%b,%b\n" % (_encoder.encode(head)[:-1], what[1:])


def _spelled(value: Any) -> Any:  # noqa: ANN401 - whatever an observation holds
    r"""The same, with bytes that were no text (as lone surrogates, PEP 383) written out: `\udcff`."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _spelled(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(one) for one in value]
    return value


def decode(line: bytes) -> Entry:
    """Parse one line.

    Raises:
        ValueError: not JSON, unknown kind, or a field is missing or of the wrong type.
    """
    try:
        raw: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
        cls = _BY_KIND[raw["kind"]]
        own = cls.__struct_fields__
        what = msgspec.convert({k: v for k, v in raw.items() if k in own or k not in _ENVELOPE}, type=cls)
        head = msgspec.convert({k: raw[k] for k in _ENVELOPE}, type=_Head)
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError) as error:  # a kind that is a list
        raise ValueError(f"not a journal line: {error}") from error
    return Entry(seq=head.seq, t=head.t, mono=head.mono, phase=head.phase, observer=head.observer, what=what)


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that every line begins with."""

    seq: int
    t: float
    mono: float
    phase: str
    observer: str
    kind: str


def read(path: Path) -> Iterator[Entry]:
    """Entries of a journal, in order; a line cut off by a crash ends it silently.

    Raises:
        ValueError: a line other than the last is broken; the message names its number.
    """
    with path.open("rb") as file:
        broken: tuple[int, ValueError] | None = None
        for number, line in enumerate(file, start=1):
            if broken is not None:
                raise ValueError(f"{path}:{broken[0]}: {broken[1]}")
            try:
                entry = decode(line)
            except ValueError as error:
                broken = (number, error)
                continue
            yield entry
