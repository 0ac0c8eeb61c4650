"""TLS contexts: cached, bounded, and for every host."""

from __future__ import annotations

import stat

import pytest

from auditor.internet.adapter import terminator as module
from auditor.internet.adapter.terminator import Terminator
from auditor.internet.adapter.terminator import choose_alpn
from auditor.internet.ca import make_ca


@pytest.fixture
def terminator(tmp_path):
    made = Terminator(make_ca(), tmp_path / "tls.keys")
    assert stat.S_IMODE((tmp_path / "tls.keys").stat().st_mode) == 0o600
    yield made
    made.close()


def test_one_context_for_each_host(terminator):
    first = terminator.context_for("a.example")
    assert terminator.context_for("a.example") is first
    assert terminator.context_for("b.example") is not first


def test_hosts_that_cannot_stand_in_a_certificate(terminator):
    assert terminator.context_for("münchen.example") is not None


def test_the_least_used_goes_first(terminator, monkeypatch):
    monkeypatch.setattr(module, "MAX_CONTEXTS", 3)
    kept = terminator.context_for("kept.example")
    for number in range(10):
        terminator.context_for(f"h{number}.example")
        assert terminator.context_for("kept.example") is kept
    assert len(terminator._contexts) == 3


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([b"h2", b"http/1.1"], b"h2"),
        ([b"http/1.1", b"h2"], b"http/1.1"),
        ([b"spdy/3", b"http/1.1"], b"http/1.1"),
        ([b"dot"], b"dot"),
    ],
)
def test_alpn(offered, chosen):
    assert choose_alpn(None, offered) == chosen


def test_key_log_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match=r".+"):
        Terminator(make_ca(), tmp_path / "missing" / "tls.keys")
