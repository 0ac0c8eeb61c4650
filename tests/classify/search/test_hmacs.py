from __future__ import annotations

import base64
import hashlib
import hmac
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.case import classify
from auditor.classify.search.hmacs import FUNCTIONS
from auditor.classify.search.hmacs import _digests_in
from auditor.classify.search.hmacs import keyed
from auditor.classify.search.pieces import Piece

MARKER = b"velka-zofin-4821"
TEXTS = {"p": [MARKER, b"I am velka-zofin-4821."]}
KEY = "s3cr3t-salt"


def piece(slot: str, text: str, subject: str = "f1") -> Piece:
    return Piece(at=1.0, site="x.example", slot=slot, text=text, where="url", subject=subject)


@pytest.mark.parametrize(("name", "function"), FUNCTIONS)
@pytest.mark.parametrize("text", TEXTS["p"])
def test_every_function_with_its_key_beside_it(name, function, text):
    digest = function(KEY.encode(), text).hex()
    (found,) = keyed([piece("query k", KEY), piece("header x-sig", f"v1={digest.upper()}")], TEXTS)
    assert (found.canary, found.function, found.writing) == ("p", name, "hex")
    assert (found.digest.slot, found.key.slot) == ("header x-sig", "query k")


@pytest.mark.parametrize("write", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_and_a_key_that_is_written_in_it(write):
    key = bytes(range(200, 232))
    digest = write(hmac.digest(key, MARKER, "sha256")).decode().rstrip("=")
    (found,) = keyed([piece("query k", write(key).decode()), piece("query d", digest)], TEXTS)
    assert (found.function, found.writing) == ("hmac-sha256", "base64")


def test_a_digest_that_was_cut():
    digest = hmac.digest(KEY.encode(), MARKER, "sha1").hex()
    assert list(keyed([piece("query k", KEY), piece("query d", digest[:20])], TEXTS))
    assert not list(keyed([piece("query k", KEY), piece("query d", digest[:19])], TEXTS))


def test_the_key_of_another_flow_is_none():
    digest = hmac.digest(KEY.encode(), MARKER, "sha256").hex()
    assert not list(keyed([piece("query k", KEY, "f2"), piece("query d", digest)], TEXTS))


@given(st.text(max_size=100))
def test_any_text_is_read(text):
    assert all(isinstance(digest, bytes) for digest, _ in _digests_in(text))


def test_random_signatures_are_nobodys():
    rng = random.Random(9)
    values = [piece(f"query {n}", rng.randbytes(32).hex(), f"f{n % 40}") for n in range(1200)]
    assert not list(keyed(values, TEXTS))


def test_in_a_run(run):
    run.canary(MARKER.decode())
    digest = hmac.digest(KEY.encode(), MARKER, hashlib.sha256).hex()
    run.request(run.flow("10.1"), "https://x.example/e", {"salt": KEY, "id": digest})
    (report,) = classify(run.seal()).canaries
    (sighting,) = report.found
    assert sighting.encoding == ("hex", "hmac-sha256")
    assert sighting.excerpt == f"json.id: [[{digest}]], key in json.salt"
