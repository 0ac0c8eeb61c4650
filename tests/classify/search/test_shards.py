from __future__ import annotations

import base64
import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.case import classify
from auditor.classify.search import lines
from auditor.classify.search import shards
from auditor.classify.search.pieces import Piece
from auditor.model.markers import make_marker

MARKER = "velka-zofin-4821"
SECRET = shards.marker_secret("p1", MARKER)
ENCODERS = {
    (): lambda text: text,
    ("reversed",): lambda text: text[::-1],
    ("hex",): lambda text: text.encode().hex(),
    ("base64",): lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    ("base32",): lambda text: base64.b32encode(text.encode()).decode().rstrip("="),
}


def piece(at: float, text: str, **changes) -> Piece:
    values = {
        "site": "x.example",
        "slot": "query p",
        "where": "url",
        "subject": f"f{at:g}",
        "exchange": f"f{at:g}.1",
    }
    return Piece(**{"at": at, "text": text, **values, **changes})


def cut(text: str, sizes: list[int]) -> list[str]:
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    return (
        [*(part for part in parts if part), text[at:]] if at < len(text) else [part for part in parts if part]
    )


def solved(pieces: list[Piece], *secrets: shards.Secret) -> list[shards.Solved]:
    return list(shards.solve(lines.groups(sorted(pieces, key=lambda one: one.at)), secrets or (SECRET,)))


def noise(rng: random.Random, count: int, **changes) -> list[Piece]:
    words = (rng.choice(WORDS) for _ in range(count))
    return [piece(rng.uniform(0, 100), word, **changes) for word in words]


TEXT = (
    "true false null en_US 200 POST event app start stop click load 1.2.3 linux x86_64 production "
    "1717171717 3f2a9c0d default user session page ready idle 42 7 model chat a b"
)
WORDS = TEXT.split()


@given(
    st.sampled_from(list(ENCODERS)),
    st.lists(st.integers(3, 7), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_pieces_in_order_are_found_among_others(chain, sizes, rng):
    parts = cut(ENCODERS[chain](MARKER), sizes)
    if len(parts) < 2:
        return
    pieces = [piece(n, part) for n, part in enumerate(parts)]
    found = solved([*pieces, *noise(rng, 30, slot="query q"), *noise(rng, 10)])
    assert found, parts
    assert found[0].canary == "p1"


@pytest.mark.parametrize("size", [3, 4, 5, 6])
@pytest.mark.parametrize("chain", [(), ("reversed",), ("base64",), ("base32",)])
def test_shuffled_pieces_are_found(chain, size):
    text = ENCODERS[chain](MARKER)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    rng = random.Random(f"{size} {chain}")
    rng.shuffle(parts)
    found = solved([piece(n, part) for n, part in enumerate(parts)] + noise(rng, 20, slot="query q"))
    assert found
    assert "".join(text for text, _ in found[0].parts).lower() == ENCODERS[found[0].chain](MARKER).lower()


@pytest.mark.parametrize(
    "places",
    [
        [{"site": f"h{n}.example", "slot": "path 0"} for n in range(6)],
        [{"slot": f"form {name}", "subject": "f1", "exchange": "f1.1"} for name in "abcdef"],
        [{"slot": f"header x-{n}", "where": "url"} for n in range(6)],
    ],
)
def test_pieces_over_hosts_and_fields(places):
    parts = [MARKER[at : at + 3] for at in range(0, 16, 3)]
    assert solved(
        [piece(n, part, **where) for n, (part, where) in enumerate(zip(parts, places, strict=True))]
    )


def test_a_random_secret_in_pieces():
    value = "bkp_live_Zzsf5T9rQK9Zg5nZ41HIR8Csr50dJ30H"
    secret = shards.random_secret("env", value)
    parts = [value[at : at + 6] for at in range(0, len(value), 6)]
    random.Random(2).shuffle(parts)
    assert solved([piece(n, part) for n, part in enumerate(parts)], secret)
    assert secret.space == 36.0**32


def test_pieces_of_another_marker_are_nothing():
    other = "tovin-jakel-9046"
    assert not solved([piece(n, other[at : at + 3]) for n, at in enumerate(range(0, 16, 3))])


def test_what_is_ambiguous_is_not_tried():
    """Every piece of every word: the marker could be made up, and so could millions of others."""
    rng = random.Random(5)
    letters = ["".join(rng.choices(string.ascii_lowercase, k=3)) for _ in range(300)]
    joints = [a + "-" + b for a in "aeiou" for b in "bdfgj"]
    digits = [f"-{n:03}" for n in range(100)]
    mine = [MARKER[at : at + 3] for at in range(0, 16, 3)]
    pieces = [piece(rng.random(), text) for text in (*letters, *joints, *digits, *mine)]
    assert not solved(pieces)


def test_the_chance_of_a_puzzle_is_never_counted_too_low():
    """Small enough to try everything: pieces of which every text of the shape is counted by hand."""
    shape = ("ab", "ab", "ab", "ab")
    classes = tuple(frozenset(signs) for signs in shape)
    values = [("aba", piece(0, "aba")), ("b", piece(1, "b")), ("a", piece(2, "a")), ("bbb", piece(3, "bbb"))]
    fits = [shards._fits(text, classes) for text, _ in values]
    assert shards._ways_in_order(values, fits, 4) >= len({"abab", "abaa"})
    assert shards._ways(values, fits, 4) >= len({"abab", "abaa", "bbba", "bbbb"})


@pytest.mark.parametrize(("chain", "write", "bits"), shards._WRITINGS)
def test_no_marker_shows_a_sign_that_was_not_reckoned_with(chain, write, bits):
    classes = shards._classes(SECRET.shape, write, bits)
    rng = random.Random(0)
    for _ in range(3000):
        text = write(make_marker(rng))
        assert len(text) == len(classes)
        assert all(sign in signs for sign, signs in zip(text, classes, strict=True))


def test_markers_are_as_many_as_is_said():
    rng = random.Random(0)
    assert SECRET.space == pytest.approx(5.5e12, rel=0.01)
    drawn = [make_marker(rng).partition("-")[0] for _ in range(200_000)]
    assert len(set(drawn)) <= shards._words()
    assert len(set(drawn)) > shards._words() * 0.99
    assert max(drawn.count(word) for word in drawn[:50]) < 40  # evenly drawn: 8.5 of each on average


def corpus(rng: random.Random) -> list[Piece]:
    """What a chatty app without a leak sends: words, ids, numbers, digests, slugs, short random pieces."""
    makers = (
        lambda: rng.choice(WORDS),
        lambda: str(rng.randrange(10 ** rng.randint(1, 9))),
        lambda: rng.randbytes(rng.choice((2, 4, 8, 16))).hex(),
        lambda: base64.b64encode(rng.randbytes(rng.randint(2, 12))).decode(),
        lambda: "".join(rng.choices(string.ascii_lowercase + string.digits + "-", k=rng.randint(3, 6))),
        lambda: make_marker(rng),
        lambda: make_marker(rng)[(at := rng.randrange(13)) : at + rng.randint(3, 5)],
    )
    found = []
    for n in range(rng.randint(20, 150)):
        site = rng.choice(("a.example", "b.example", "c.example"))
        for slot in rng.sample(("query a", "query b", "json e", "header x-id", "label 1"), 3):
            where = {"site": site, "slot": slot, "subject": f"f{n % 7}", "exchange": f"f{n % 7}.{n}"}
            found.append(piece(n, rng.choice(makers)(), **where))
    return found


def test_no_match_in_two_hundred_runs_without_a_leak():
    rng = random.Random(11)
    for _ in range(200):
        secrets = [shards.marker_secret(f"p{n}", make_marker(rng)) for n in range(4)]
        assert not solved(corpus(rng), *secrets)


def test_a_pinch_of_every_marker_there_could_be_is_not_taken_for_ours():
    """The same traffic, ten thousand secrets: by chance none, as the bound says."""
    rng = random.Random(12)
    traffic = list(lines.groups(corpus(rng)))
    secrets = [shards.marker_secret(f"p{n}", make_marker(rng)) for n in range(2000)]
    assert not list(shards.solve(traffic, secrets))


def test_a_leak_in_the_requests_of_a_run(run):
    run.canary(MARKER)
    flow = run.flow("10.1")
    for at in range(0, 16, 3):
        run.request(flow, "https://x.example/e", json.dumps({"n": at, "v": MARKER[at : at + 3]}).encode())
    case = classify(run.seal())
    (sighting,) = next(report for report in case.canaries if report.canary.id == "prompt-1").found
    assert sighting.encoding == ("shards",)
    assert (sighting.where, sighting.subject) == ("request body", flow)
    assert case.flows[0].canaries == ("prompt-1",)
    assert case.flows[0].purpose == "prompt-leak"
