from __future__ import annotations

import base64
import hashlib
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.case import classify
from auditor.classify.search.digests import ALGORITHMS
from auditor.classify.search.digests import digests
from auditor.classify.search.digests import texts
from auditor.classify.search.engine import Searcher
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.markers import make_marker

MARKER = "velka-zofin-4821"
PROMPT = Canary(
    id="p", kind=CanaryKind.PROMPT, value=MARKER, planted_in="prompt 1", context=f"I am {MARKER}. Who am I?"
)
SEARCHER = Searcher(digests(PROMPT))


def identity(value: str) -> Canary:
    return Canary(id="i", kind=CanaryKind.IDENTITY, value=value, planted_in="somewhere")


def chains(data: bytes, searcher: Searcher = SEARCHER) -> set[tuple[str, ...]]:
    return {hit.form.encoding for hit in searcher.find(data)}


@given(
    st.sampled_from(list(ALGORITHMS)),
    st.sampled_from(texts(PROMPT)),
    st.integers(16, 128),
    st.sampled_from(["", "sha256:", '"']),
)
def test_any_digest_of_any_text_cut_to_any_length_is_known(name, text, length, before):
    digits = ALGORITHMS[name](text).hexdigest()[:length]
    if 16 < len(digits) < 20:
        digits = digits[:16]  # a cut that nobody makes
    assert (name, "hex") in chains(f"x={before}{digits.upper()}&y".encode())


@given(st.sampled_from(list(ALGORITHMS)), st.sampled_from(texts(PROMPT)))
def test_base64_and_bytes(name, text):
    digest = ALGORITHMS[name](text).digest()
    assert (name, "base64") in chains(base64.b64encode(digest))
    assert {(name, "base64"), (name, "base64url")} & chains(base64.urlsafe_b64encode(digest).rstrip(b"="))
    assert (name,) in chains(b"\x00" + digest + b"\xff")


@pytest.mark.parametrize(
    "text",
    [MARKER, MARKER.upper(), "velkazofin4821", MARKER + "\n", PROMPT.context, PROMPT.context.lower(),
     PROMPT.context + "\n"],
)  # fmt: skip
def test_texts_as_programs_tidy_them(text):
    assert ("sha256", "hex") in chains(hashlib.sha256(text.encode()).hexdigest().encode())


def test_accents_in_both_normal_forms():
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    one = Canary(id="p", kind=CanaryKind.PROMPT, value=MARKER, planted_in="prompt 1", context=composed)
    assert {composed.encode(), decomposed.encode()} <= set(texts(one))


@pytest.mark.parametrize("text", ["Fibota-3fa2c1", "fibota-3fa2c1", "Fibota-3fa2c1\n"])
def test_identity_is_known_by_its_digests(text):
    searcher = Searcher(digests(identity("Fibota-3fa2c1")))
    digest = hashlib.sha1(text.encode()).digest()
    assert ("sha1", "hex") in chains(digest.hex().upper().encode(), searcher)


def test_a_hardware_address_in_other_spellings():
    searcher = Searcher(digests(identity("3c:fd:fe:dc:3f:21")))
    assert ("md5", "hex") in chains(hashlib.md5(b"3cfdfedc3f21").hexdigest().encode(), searcher)


def test_sixteen_digits_inside_a_longer_number_are_chance():
    digits = hashlib.sha256(MARKER.encode()).hexdigest()[:16]
    assert chains(f"trace={digits}".encode())
    assert not chains(f"trace=7{digits}".encode())
    assert not chains(f"trace={digits}0123".encode())


def test_our_own_control_has_none():
    control = Canary(id="c", kind=CanaryKind.CONTROL, value="c0ffee" * 4, planted_in="our control")
    assert not list(digests(control))


def test_random_digests_are_nobodys():
    rng = random.Random(7)
    canaries = [
        Canary(id=f"p{n}", kind=CanaryKind.PROMPT, value=make_marker(rng), planted_in="", context=f"Say {n}.")
        for n in range(4)
    ]
    searcher = Searcher(form for canary in canaries for form in digests(canary))
    words = " ".join(rng.randbytes(rng.choice((8, 16, 20, 32))).hex() for _ in range(40_000)).encode()
    signs = base64.b64encode(rng.randbytes(1 << 20))
    assert not list(searcher.find(words))
    assert not list(searcher.find(signs))
    assert not list(searcher.find(rng.randbytes(1 << 20)))


def test_a_report_quotes_the_whole_digest(run):
    run.canary(MARKER)
    flow = run.flow("10.1")
    digest = hashlib.sha512(MARKER.encode()).hexdigest()
    run.request(flow, "https://x.example/e", json.dumps({"fp": digest}).encode())
    [report] = classify(run.seal()).canaries
    [sighting] = report.found
    assert sighting.encoding == ("hex", "sha512")
    assert sighting.excerpt.endswith("[[" + digest[:40] + " ... " + digest[-40:] + ']]"}')
