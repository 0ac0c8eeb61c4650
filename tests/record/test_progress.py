from __future__ import annotations

import io
import os
import threading

import msgspec
import pytest

from auditor.model.observation import DnsQuery
from auditor.model.observation import FlowOpened
from auditor.model.observation import PhaseBegan
from auditor.model.observation import ProcessSeen
from auditor.model.observation import SocketCall
from auditor.record.progress import Progress

PROCESS = ProcessSeen(
    key="7.1",
    pid=7,
    parent="",
    session=7,
    executable="/usr/bin/python3",
    argv=(),
    cwd="/",
    event="exec",
    role="app",
)
CALL = SocketCall(
    call="connect", process="7.1", cookie=5, family="inet", type="stream", protocol=6, address="198.18.0.1",
    port=443, role="app",
)  # fmt: skip
QUERY = DnsQuery(
    transport="udp", client_ip="192.0.2.1", client_port=1, server_ip="192.0.2.2", server_port=53,
    name="telemetry.example", type="A", rcode="NOERROR", answers=("198.18.0.1",), cookie=0, inode=0,
)  # fmt: skip
FLOW = FlowOpened(
    flow="f1",
    transport="tcp",
    client_ip="192.0.2.1",
    client_port=9,
    ip="198.18.0.1",
    port=443,
    cookie=5,
    inode=0,
)


@pytest.fixture
def shown():
    return io.StringIO()


@pytest.fixture
def progress(shown):
    return Progress(shown)


def lines(shown: io.StringIO) -> list[str]:
    return [" ".join(line.split()) for line in shown.getvalue().splitlines()]


def test_phases_are_named_in_words(progress, shown, entry_of):
    for name in ("idle", "settle", "reference", "unheard-of"):
        progress.see(entry_of(PhaseBegan(name=name)))
    assert lines(shown) == [
        "idle watching it idle",
        "settle waiting for what comes late",
        "reference running plain llama.cpp in the same box",
        "unheard-of unheard-of",
    ]


def test_a_contact_is_named_with_program_and_host(progress, shown, entry_of):
    for what in (PROCESS, QUERY, CALL, FLOW):
        progress.see(entry_of(what))
    assert lines(shown) == ["contact python3 -> telemetry.example:443 (tcp)"]


def test_it_waits_a_moment_for_its_process_to_become_known(progress, shown, entry_of):
    progress.see(entry_of(FLOW))
    assert lines(shown) == []
    progress.see(entry_of(CALL))
    assert lines(shown) == []
    progress.see(entry_of(PROCESS))
    assert lines(shown) == ["contact python3 -> 198.18.0.1:443 (tcp)"]


def test_it_is_shown_in_the_end_all_the_same(progress, shown, entry_of):
    progress.see(entry_of(FLOW))
    progress.close()
    assert lines(shown) == ["contact a process -> 198.18.0.1:443 (tcp)"]


def test_a_contact_is_shown_once(progress, shown, entry_of):
    for what in (PROCESS, CALL, FLOW, FLOW):
        progress.see(entry_of(what))
    assert len(lines(shown)) == 1


@pytest.mark.parametrize("phase", ["control", "reference"])
def test_our_own_programs_are_no_contacts(progress, shown, entry_of, phase):
    for what in (PROCESS, CALL, FLOW):
        progress.see(entry_of(what, phase))
    progress.close()
    assert lines(shown) == []


def test_names_cannot_play_with_the_terminal(progress, shown, entry_of):
    progress.note("\x1b[2J cleared \x07 \u202e")
    assert shown.getvalue().strip() == "?[2J cleared ? ?"


def test_a_terminal_gets_a_spinner_and_the_same_lines(monkeypatch, entry_of):
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as stream:
        progress = Progress(stream)
        progress.see(entry_of(PhaseBegan(name="idle")))
        said = b""
        while b"watching it idle ..." not in said:  # a thread of the spinner's writes it
            said += os.read(ours, 1 << 16)
        progress.close()
        progress.close()
        while b"\x1b[?25h" not in said:  # the cursor is back
            said += os.read(ours, 1 << 16)
    os.close(ours)
    assert b"idle       watching it idle\r\n" in said


def test_no_thread_runs_before_the_first_phase(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    before = threading.active_count()
    with os.fdopen(theirs, "w") as stream:
        progress = Progress(stream)
        progress.note("building the box")
        assert threading.active_count() == before
        progress.phase("start")
        assert threading.active_count() == before + 1
        progress.close()
    os.close(ours)


def test_a_dumb_terminal_gets_lines(monkeypatch, entry_of):
    monkeypatch.setenv("TERM", "dumb")
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as stream:
        progress = Progress(stream)
        progress.phase("idle")
        progress.close()
    assert "\x1b" not in os.read(ours, 1 << 16).decode()
    os.close(ours)


def test_what_our_own_control_opened_is_no_contact(progress, shown, entry_of):
    ours = msgspec.structs.replace(CALL, role="control")
    for what in (PROCESS, ours, QUERY, FLOW):
        progress.see(entry_of(what))
    progress.close()
    assert lines(shown) == []
