"""What chance can do: reckoned from the forms that are searched for, and tried on traffic without a leak."""

from __future__ import annotations

import base64
import math
import random
import string

import pytest

from auditor.classify.search import parts
from auditor.classify.search.canaries import hunt_for
from auditor.classify.search.digests import digests
from auditor.classify.search.forms import forms
from auditor.classify.search.places import Place
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.document import make_document
from auditor.model.markers import make_marker
from auditor.record.planting import cloud_canaries
from auditor.record.planting import document_canaries
from auditor.record.planting import honey_canaries
from auditor.record.planting import identity_canaries
from auditor.sandbox import honey
from auditor.sandbox.identity import make_identity

HARDWARE = (
    "/proc/sys/kernel/random/boot_id",
    "/sys/class/dmi/id/product_uuid",
    "/sys/class/dmi/id/board_serial",
)
BYTES = 10_000_000
"""Of each kind of random data in one run."""
BOUND = 1e-9


def a_run(rng: random.Random) -> tuple[Canary, ...]:
    """Everything that one run plants."""
    prompts = tuple(
        Canary(id=f"prompt-{n}", kind=CanaryKind.PROMPT, value=(marker := make_marker(rng)), planted_in=f"prompt {n}",
               context=f"My project is called {marker}. What is my project called?")
        for n in range(1, 5)
    )  # fmt: skip
    identity = make_identity(HARDWARE)
    pots = honey.files("/home/ada", identity.user_name, lambda _path: True)
    planted = (
        prompts + document_canaries(make_document(rng, make_marker(rng))) + cloud_canaries(make_marker(rng))
    )
    return planted + identity_canaries(identity, "/root") + honey_canaries(pots, honey.variables({}))


RUN = a_run(random.Random(1))
FORMS = [form for one in RUN for part in parts.split(one) for form in forms(part)]
FORMS += [form for one in RUN for form in digests(one)]

LETTERS, DIGITS = string.ascii_lowercase, string.digits
STREAMS = {
    "bytes": {sign: 2 / 256 if chr(sign) in LETTERS else 1 / 256 for sign in range(256)},
    "hex": {ord(sign): 1 / 16 for sign in DIGITS + "abcdef"},
    "base64": {ord(sign): 2 / 64 if sign in LETTERS else 1 / 64 for sign in LETTERS + DIGITS + "+/-_"},
    "lower case and digits": {ord(sign): 1 / 36 for sign in LETTERS + DIGITS},
}
"""Chance of each sign of random data, letter case ignored as the search does."""


@pytest.mark.parametrize("kind", STREAMS)
def test_random_data_of_a_run_is_nobodys(kind):
    """The expected number of matches is a bound on the chance of any (Markov)."""
    signs = STREAMS[kind]
    chances = (
        math.prod(signs.get(sign, 0.0) for sign in form.pattern) for form in FORMS if not form.whole_word
    )
    assert BYTES * sum(chances) < BOUND


def test_digests_among_words_of_sixteen_digits():
    short = [form for form in FORMS if form.whole_word and len(form.pattern) == 16]
    assert (BYTES / 17) * len(short) / 2**64 < BOUND


def test_a_hardware_address_among_words_of_twelve_digits():
    (mac,) = (one for one in RUN if one.id == "identity-mac")
    bare = next(form for form in forms(mac) if len(form.pattern) == 12)
    assert bare.whole_word
    assert (BYTES / 10 / 13) / 16 ** len(bare.pattern) < BOUND


def test_words_of_the_shape_of_what_is_planted():
    """A thousand words of the shape of a marker, and one of the shape of a user name."""
    markers = [
        one for one in RUN if parts.parts_of(one)[0].count("-") == 2 and one.kind is not CanaryKind.FILE
    ]
    assert 1000 * len([one for one in markers if len(one.value) == 16]) / 5.4e12 < BOUND
    user = next(one.value for one in RUN if one.id == "identity-user")
    assert len(user) == 10
    assert BOUND * 70**4 * 90 > 1


def traffic(rng: random.Random) -> list[bytes]:
    """Bodies without a leak, with everything that looks like one."""
    other = a_run(rng)
    slugs = " ".join(make_marker(rng) for _ in range(5000))
    digest_like = " ".join(rng.randbytes(rng.choice((8, 16, 20, 32, 64))).hex() for _ in range(2000))
    return [
        rng.randbytes(1 << 18),
        base64.b64encode(rng.randbytes(1 << 18)),
        digest_like.encode(),
        slugs.encode(),
        make_document(rng, make_marker(rng)).encode(),
        "\n".join(one.value + one.context for one in other).encode(),
        "".join(rng.choices(LETTERS + DIGITS, k=1 << 18)).encode(),
    ]


@pytest.mark.parametrize("seed", range(2, 5))
def test_what_another_run_planted_and_random_data_are_not_found(seed):
    hunt = hunt_for(RUN)
    places = [
        Place(where="x", subject=str(n), role="app", data=data)
        for n, data in enumerate(traffic(random.Random(seed)))
    ]
    assert [one for _, one in hunt.sightings(places)] == []
