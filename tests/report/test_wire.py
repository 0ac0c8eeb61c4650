from __future__ import annotations

import dataclasses

import pytest

from auditor.model.flow import Visibility
from auditor.model.frames import FrameKind
from auditor.report.html import render_html
from auditor.report.ledger import ledger
from auditor.report.wire import WORDS
from auditor.report.wire import rows
from auditor.report.wire import unread


def with_frames(result, **frames):
    """The result with other numbers of frames by kind."""
    account = result.coverage.ledger
    changed = dataclasses.replace(
        account,
        rows=tuple(
            dataclasses.replace(row, frames=frames.get(row.kind.name.lower(), row.frames))
            for row in account.rows
        ),
        unaccounted=frames.get("unaccounted", 0),
        examples=("TCP to 203.0.113.9 port 99",) if frames.get("unaccounted") else (),
    )
    return dataclasses.replace(result, coverage=dataclasses.replace(result.coverage, ledger=changed))


def test_every_kind_has_its_words():
    assert set(WORDS) == set(FrameKind)


def test_what_occurred_and_what_belongs_to_nothing(failing):
    found = {row.what: (row.items, row.frames, row.bad) for row in rows(failing)}
    assert found["Contacts whose content was read"] == ("4 contacts", 900, False)
    assert found["Belonging to nothing that was recorded"] == ("", 0, False)
    assert "Contacts that passed no content" not in found


def test_unaccounted_frames_stand_out(failing):
    result = with_frames(failing, unaccounted=3)
    assert rows(result)[-1].bad
    page = render_html(result)
    assert "for example: TCP to 203.0.113.9 port 99." in page
    assert '<span class="bad strong">3</span>' in page
    [row] = [row for row in ledger(result) if row.label == "Frames on the wire"]
    assert (row.value, row.outcome.value) == ("1,695 left the box, 3 unaccounted", "inconclusive")


def test_the_account_stands_directly_under_the_verdict(failing):
    page = render_html(failing)
    assert page.index('id="verdict"') < page.index('id="wire"') < page.index('id="unseen"')


def test_without_a_capture_there_is_no_account(failing):
    result = dataclasses.replace(failing, coverage=dataclasses.replace(failing.coverage, ledger=None))
    assert rows(result) == ()
    assert "nothing that left the box is accounted for" in render_html(result)


@pytest.fixture
def refused(failing):
    flow = dataclasses.replace(
        failing.flows[0],
        visibility=Visibility.OPAQUE,
        sni="pinned.example",
        alpn=("h2", "http/1.1"),
        ja4="t13d1516h2_x_y",
        alert="unknown ca",
        trust_store="NODE_EXTRA_CA_CERTS or --use-system-ca",
        note="the app refused our certificate (unknown ca); to read it, try NODE_EXTRA_CA_CERTS",
        bytes_out=600,
    )
    silent = dataclasses.replace(flow, sni="", alpn=(), ja4="", alert="", note="nothing came", bytes_out=900)
    return dataclasses.replace(failing, flows=(flow, flow, silent))


def test_what_could_not_be_read_says_all_that_is_known(refused):
    small, large = unread(refused)
    assert (small.connections, small.bytes_out) == (2, 1200)
    assert small.hello == (
        "SNI pinned.example", "ALPN h2, http/1.1", "JA4 t13d1516h2_x_y", "alert unknown ca",
    )  # fmt: skip
    assert small.trust_store.startswith("NODE_EXTRA_CA_CERTS")
    assert (large.connections, large.hello) == (1, ())


def test_it_is_on_the_page(refused):
    page = render_html(refused)
    for told in (
        "SNI pinned.example",
        "JA4 t13d1516h2_x_y",
        "alert unknown ca",
        "NODE_EXTRA_CA_CERTS",
        "1,200",
    ):
        assert told in page
