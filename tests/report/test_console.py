from __future__ import annotations

import dataclasses
import io
import re

import pytest

from auditor.report.console import MOST_FINDINGS
from auditor.report.console import render_console
from auditor.report.result import build_result
from auditor.report.words import OUTCOMES

REPORT = "/home/ann/.local/state/auditor/runs/20261121T014500Z-chat-7f3a-and-a-long-name/report.html"
ESCAPE = re.compile(r"\x1b\[[\d;]*m")


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


def rendered(result, stream=None, **options):
    stream = stream or io.StringIO()
    render_console(result, stream, report=REPORT, **options)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_the_last_line_is_verdict_exit_code_and_path(any_result):
    last = rendered(any_result).splitlines()[-1]
    words = OUTCOMES[any_result.verdict.outcome]
    assert last == f"{words.symbol} {words.word} (exit {any_result.verdict.exit_code})   report: {REPORT}"


def test_the_path_stays_in_one_piece_on_a_narrow_terminal(failing):
    assert REPORT in rendered(failing, width=40).splitlines()[-1]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_other_line_is_wider_than_the_terminal(any_result, width):
    lines = rendered(any_result, width=width).splitlines()
    assert [line for line in lines[:-1] if len(line) > width] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_findings_say_who_where_what_when_and_how_to_turn_it_off(failing):
    text = rendered(failing, width=200)
    assert (
        "python3.11 (chat.py) -> api.smith.langchain.com:443   carried what was typed, sent 2.1 kB, phase prompt"
        in text
    )
    assert "turn off: unset LANGSMITH_TRACING LANGSMITH_API_KEY" in text
    assert "[[kestrel-48213]]" in text
    assert "evidence: events.jsonl:101" in text
    assert text.index("CAN001") < text.index("SAV001") < text.index("TEL001")
    assert "EXP001" not in text
    assert "1 accepted finding" in text


def test_phases_and_what_leaked_in_them(failing):
    lines = {line.split()[0]: line for line in rendered(failing).splitlines()[1:6]}
    assert "2 connections" in lines["start"]
    assert "canary seen leaving" in lines["prompt"]
    assert "canary" not in lines["idle"]
    assert "no contact observed" in lines["stop"]


def test_a_phase_with_look_ups_alone_had_contacts(failing):
    asked = dataclasses.replace(failing.lookups[0], phase="stop")
    lines = rendered(dataclasses.replace(failing, lookups=(asked,))).splitlines()[1:6]
    assert "1 look-up" in next(line for line in lines if line.split()[0] == "stop")


def test_every_gap_and_reason_is_printed(any_result):
    flat = " ".join(rendered(any_result).split())
    for told in (*any_result.coverage.gaps, *any_result.verdict.reasons, any_result.verdict.sentence):
        assert told in flat


def test_the_reference_is_mentioned(failing):
    assert "The reference answered 2 prompts, sent 0 bytes, wrote 0 files." in rendered(failing)


def test_an_empty_run_says_what_is_missing(cases):
    text = rendered(build_result(*cases["empty"]))
    assert "could not be observed" in text
    assert "Test signals of our own: none were sent" in text


def test_colour_only_on_a_terminal(failing):
    assert "\x1b[" in rendered(failing, Terminal(), width=100)
    assert "\x1b" not in rendered(failing, width=100)


def test_colour_changes_no_word(failing):
    assert ESCAPE.sub("", rendered(failing, Terminal(), width=100)) == rendered(failing, width=100)


def test_no_colour_where_it_is_not_wanted(failing, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    codes = {
        code
        for run in ESCAPE.findall(rendered(failing, Terminal(), width=100))
        for code in run[2:-1].split(";")
    }
    assert not {code for code in codes if code.startswith(("3", "4", "9")) and len(code) > 1}


def test_a_dumb_terminal_gets_no_escape_sequence(failing, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in rendered(failing, Terminal(), width=100)


def test_text_of_the_app_cannot_drive_the_terminal(failing, hostile_text):
    shown = rendered(failing)
    assert hostile_text not in shown
    assert not [char for char in shown if not char.isprintable() and char != "\n"]


def test_markup_and_emoji_codes_of_the_app_are_plain_text(failing):
    loud = dataclasses.replace(failing.findings[0], title="[red]:boom:[/red] [link=x]")
    assert "[red]:boom:[/red] [link=x]" in rendered(dataclasses.replace(failing, findings=(loud,)))


def test_a_terminal_without_unicode_gets_escapes_instead_of_an_error(failing):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    render_console(failing, stream, report=REPORT)
    stream.flush()
    assert raw.getvalue().decode("ascii").splitlines()[-1].startswith("x fail (exit 1)")


def test_many_findings_are_cut_and_counted(failing):
    many = tuple(
        dataclasses.replace(failing.findings[0], fingerprint=f"{number:016x}")
        for number in range(MOST_FINDINGS + 3)
    )
    text = rendered(dataclasses.replace(failing, findings=many))
    assert text.count("CAN001") == MOST_FINDINGS
    assert "3 more findings in the report" in text


def test_rules_are_counted_by_what_they_said(failing):
    assert "2 rules failed, 2 rules could not be judged, 1 rule passed." in rendered(failing)


def test_paired_runs_are_a_line_for_each_question(passing, failing):
    text = rendered(passing)
    assert (
        "paired runs, sizes and numbers by the length of the prompt: not shown (chance 0.4, limit 5e-05)"
        in text
    )
    assert "paired runs" not in rendered(failing)
