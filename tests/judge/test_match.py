from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.judge.field import BY_NAME
from auditor.judge.match import MODIFIERS
from auditor.judge.match import MatchError
from auditor.judge.match import compile_test


def test(key, wanted):
    name, *modifiers = key.split("|")
    return compile_test(BY_NAME[name], tuple(modifiers), wanted)


test.__test__ = False


@pytest.mark.parametrize(
    ("key", "wanted", "hits", "misses"),
    [
        ("destination.domain", "A.example", ["a.EXAMPLE"], ["b.example", None, "xa.example"]),
        ("destination.domain", ["a", "b"], ["a", "b"], ["c", None]),
        ("destination.domain", None, [None], ["a"]),
        ("destination.domain|in", ["a", "b"], ["b"], ["c"]),
        ("url.path|contains", "/API/", ["/x/api/y"], ["/x", None]),
        ("url.path|contains|all", ["a", "b"], ["xbya"], ["xa"]),
        ("url.path|startswith", "/v1", ["/V1/x"], ["/x/v1"]),
        ("url.path|endswith", [".js", ".css"], ["/a.css"], ["/a.html"]),
        ("url.path|re", "^/v[0-9]$", ["/v1"], ["/V1", "/v10"]),
        ("destination.ip|cidr", ["127.0.0.0/8", "::1/128"], ["127.0.0.1", "::1"], ["10.0.0.1", "junk", ""]),
        ("destination.port|gt", 443, [444], [443, None]),
        ("destination.port|gte", 443, [443], [442]),
        ("destination.port|lt", 443, [1], [443]),
        ("destination.port|lte", 443.5, [443], [444]),
        ("destination.port", 443, [443], [80]),
        ("destination.domain|exists", True, ["x"], [None]),
        ("destination.domain|exists", False, [None], ["x"]),
        ("audit.declared", False, [False], [True, None]),
        ("audit.purpose", "telemetry", ["telemetry", ("unknown", "telemetry")], [("unknown",)]),
        ("audit.canary.ids|contains|all", ["1", "2"], [("a1", "b2")], [("a1",)]),
    ],
)
def test_modifiers_mean_what_sigma_means(key, wanted, hits, misses):
    holds = test(key, wanted)
    assert [value for value in hits if not holds(value)] == []
    assert [value for value in misses if holds(value)] == []


@pytest.mark.parametrize(
    ("key", "wanted", "part"),
    [
        ("url.path|contians", "x", "Did you mean `contains`?"),
        ("url.path|contains|startswith", "x", "more than one"),
        ("url.path|all|all", ["x"], "more than one"),
        ("url.path", "a*", "wildcard"),
        ("url.path|contains", "", "matches everything"),
        ("url.path|re", "(a+)+", "refused"),
        ("url.path", 5, "expects a text"),
        ("url.path", {"a": 1}, "expects a value"),
        ("url.path", [], "expects a value"),
        ("url.path", [["a"]], "expects a text"),
        ("url.path", [None], "expects a text"),
        ("url.path|in", "a", "expects a list"),
        ("url.path|contains", None, "cannot compare with nothing"),
        ("url.path|gt", 5, "does not fit"),
        ("destination.port|contains", 4, "does not fit"),
        ("destination.domain|cidr", "10.0.0.0/8", "does not fit"),
        ("destination.ip|cidr", "10.0.0.1/8", "no network"),
        ("destination.port|gt", True, "expects a number"),
        ("destination.domain|exists", "yes", "true or false"),
        ("audit.purpose", "telemtry", "Did you mean `telemetry`?"),
    ],
)
def test_a_test_that_makes_no_sense_is_refused_with_a_fix(key, wanted, part):
    with pytest.raises(MatchError) as caught:
        test(key, wanted)
    assert part in f"{caught.value.text} {caught.value.fix}"
    assert caught.value.fix


_PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)


@given(
    st.sampled_from(sorted(BY_NAME)),
    st.lists(st.sampled_from(MODIFIERS), max_size=2),
    _PLAIN | st.lists(_PLAIN, max_size=2),
    _PLAIN,
)
def test_any_line_is_compiled_or_refused_and_never_breaks_on_a_value(name, modifiers, wanted, value):
    field = BY_NAME[name]
    try:
        holds = compile_test(field, tuple(modifiers), wanted)
    except MatchError:
        return
    if field.type != "number" or isinstance(value, int):
        assert holds(value) in (True, False)
