"""The internet of a real box: opened late, it still answers who asked early; and its failure is no crash."""

from __future__ import annotations

import os
import threading

import pytest

from auditor.capture.sockets import InodeOwners
from auditor.capture.sockets import SocketFinder
from auditor.capture.sockets import descendants
from auditor.evidence import store
from auditor.evidence.bodies import BodyStore
from auditor.internet.notary import Commission
from auditor.internet.services.contract import Service
from auditor.internet.services.contract import always
from auditor.internet.services.contract import as_text
from auditor.kernel.sockdiag import SockDiag
from auditor.model.observation import GapNoted
from auditor.model.observation import HttpRequest
from auditor.record.internet_run import InternetRun

pytestmark = pytest.mark.box

ASK = "import urllib.request; print(urllib.request.urlopen('http://early.example/').read().decode(), end='')"


@pytest.fixture
def internet(box, journal, tmp_path):
    """Not opened yet."""
    directory = store.create(tmp_path / "run")
    init = box.init_pid
    finder = SocketFinder(
        SockDiag(box.sockets["diag"]), lambda _cookie: None, InodeOwners(lambda: descendants(init))
    )
    made = InternetRun(
        plan=box.plan,
        box=box,
        directory=directory,
        journal=journal,
        bodies=BodyStore(directory.bodies),
        commission=Commission.give(),
        finder=finder,
        mode="sinkhole",
        services=(Service(name="own", reply=always(as_text("answered"))),),
    )
    yield made
    made.stop(0)


def test_what_was_asked_before_it_was_open_is_answered_by_the_services_given(box, internet, written):
    program = box.spawn(["python3", "-c", ASK], role="app", terminal=False)
    assert not program.wait(0.3)
    internet.open()
    internet.wait()
    assert program.wait(10)
    assert os.read(program.output, 100) == b"answered"
    program.close()
    internet.stop(1)
    assert [request.url for request in written(HttpRequest)] == ["http://early.example/"]
    assert written(GapNoted) == []


def test_one_that_cannot_be_opened_is_a_gap_that_blinds(internet, written, monkeypatch):
    monkeypatch.setattr(Commission, "authority", lambda _: 1 / 0)
    internet.open()
    internet.wait()
    (gap,) = written(GapNoted)
    assert gap.blinds
    assert "division by zero" in gap.text


def test_one_that_was_never_opened_is_stopped_without_a_word(internet, written):
    internet.wait()
    internet.stop(0)
    assert written(GapNoted) == []
    assert "opening" not in [thread.name for thread in threading.enumerate()]
