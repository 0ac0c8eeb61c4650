"""How fast are bodies searched, with all their encodings undone, beside a plain search for the same words?

Not whether everything is found: `tests/classify` asks that.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
import subprocess
import sys
import time
import tracemalloc
from collections import defaultdict
from pathlib import Path

import corpus
import harness

from auditor.classify.search.budget import budget_for
from auditor.classify.search.canaries import Hunt
from auditor.classify.search.canaries import hunt_for
from auditor.classify.search.places import Place
from auditor.classify.search.unfold import unfold
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.markers import make_marker

QUESTION = "search: bodies per second on one core, decoded, beside rg; bombs; memory"
SIZE = int(os.environ.get("BENCH_SEARCH_MIB", "1024")) << 20
"""Bytes of bodies; fewer for a quick look."""
MIB = 1 << 20
KEPT = 64 * MIB
"""What is kept of one body, and so searched, however large it was."""
TEN_GB_S = 80
"""Seconds that 10 GB take at 1 Gbit/s."""


def _canaries() -> list[Canary]:
    rng = random.Random(7)
    prompts = [
        Canary(id=f"prompt-{n}", kind=CanaryKind.PROMPT, value=make_marker(rng), planted_in="a prompt")
        for n in range(10)
    ]
    identity = Canary(id="host", kind=CanaryKind.IDENTITY, value="fibota-3fa2c1", planted_in="host name")
    return [*prompts, identity]


def _searched(hunt: Hunt, folder: Path) -> dict[str, float]:
    """Seconds of processor time for each kind of body."""
    took: dict[str, float] = defaultdict(float)
    for kind in sorted(folder.iterdir()):
        places = [
            Place(where="b", subject=file.name, role="app", file=file) for file in sorted(kind.iterdir())
        ]
        begun = time.process_time()
        for _ in hunt.sightings(places):
            pass
        took[kind.name] += time.process_time() - begun
    return took


def _plainly(markers: list[str], folder: Path) -> float:
    """Seconds of processor time of one thread of rg, or of grep, that looks for the words as they are."""
    words = [argument for marker in markers for argument in ("-e", marker)]
    argv = ["grep", "-racFi", *words, str(folder)]
    if shutil.which("rg"):
        argv = ["rg", "-j1", "-uuu", "-acFi", *words, str(folder)]
    before = os.times()
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=False)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _lay_out(marker: str, folder: Path) -> dict[str, int]:
    """Write the corpus; bytes of each kind."""
    sizes: dict[str, int] = defaultdict(int)
    for number, (kind, body) in enumerate(corpus.bodies(marker, SIZE)):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"{number:06}").write_bytes(body)
        sizes[kind] += len(body)
    return sizes


def _bombs() -> dict[str, bytes]:
    nested = b"velka-zofin-4821"
    for _ in range(1000):
        nested = gzip.compress(nested, 1)
    return {
        "a bomb of 1 GiB of zeros": gzip.compress(bytes(1 << 30), 1),
        "a bomb of escapes": gzip.compress(b"%41%25" * (16 << 20)),
        "gzip nested 1,000 times": nested,
        "JSON nested 1,000 times": b'{"a":' * 1000 + b'"\\u0041"' + b"}" * 1000,
    }


def _unfolded_s(data: bytes) -> float:
    begun = time.process_time()
    for _ in unfold(data, budget_for(len(data))):
        pass
    return time.process_time() - begun


def _peak_mib(hunt: Hunt, size: int) -> float:
    """Memory that Python asks for while a body of random bytes is read from disk."""
    with harness.folder() as parent:
        file = parent / "body"
        with file.open("wb") as opened:
            rng = random.Random(3)
            for _ in range(size // MIB):
                opened.write(rng.randbytes(MIB))
        tracemalloc.start()
        list(hunt.sightings([Place(where="b", subject="b", role="app", file=file)]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak / MIB


def _download_s(hunt: Hunt) -> float:
    """Processor time to search what is kept of one download of a model."""
    maker = corpus.Maker("x")
    body = bytearray()
    while len(body) < KEPT:
        body += maker.weights()
    place = Place(where="b", subject="b", role="app", data=bytes(body[:KEPT]))
    begun = time.process_time()
    list(hunt.sightings([place]))
    return time.process_time() - begun


def measure() -> harness.Figures:
    """One pass over the corpus, and the extremes."""
    canaries = _canaries()
    hunt = hunt_for(canaries)
    _unfolded_s(b"once, so that nothing is prepared while time is taken")
    markers = [canary.value for canary in canaries]
    with harness.folder() as parent:
        sizes = _lay_out(markers[0], parent)
        plain = _plainly(markers, parent)
        took = _searched(hunt, parent)
    total = sum(sizes.values())
    figures = [
        harness.Figure(
            name="decoded search", value=total / sum(took.values()) / 1e6, unit="MB/s", at_least=150
        ),
        harness.Figure(name="time beside a plain search", value=sum(took.values()) / plain),
    ]
    figures += [
        harness.Figure(name=f"  {kind}", value=size / took[kind] / 1e6, unit="MB/s")
        for kind, size in sizes.items()
    ]
    figures.append(
        harness.Figure(
            name="search of a download of 10 GB / its time", value=_download_s(hunt) / TEN_GB_S, at_most=0.05
        )
    )
    figures += [
        harness.Figure(name=name, value=_unfolded_s(data), unit="s", at_most=2)
        for name, data in _bombs().items()
    ]
    figures += [
        harness.Figure(name="memory for a body of 16 MiB", value=_peak_mib(hunt, 16 * MIB), unit="MiB"),
        harness.Figure(
            name="memory for a body of 256 MiB", value=_peak_mib(hunt, 256 * MIB), unit="MiB", at_most=100
        ),
    ]
    return figures


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
