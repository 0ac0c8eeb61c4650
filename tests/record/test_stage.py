"""What drivers may do to the app, over a real box."""

from __future__ import annotations

import errno
import io
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from auditor.errors import RecordingFailed
from auditor.model.observation import AnswerReceived
from auditor.model.observation import GapNoted
from auditor.model.observation import PhaseBegan
from auditor.model.observation import PromptSent
from auditor.model.prompt import Prompt
from auditor.model.run import PhaseName
from auditor.record.settings import Settings
from auditor.record.stage import AppStage

pytestmark = [
    pytest.mark.box,
    # A worker of the parallel test run has a thread of its own when it forks the box's helper.
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]

PROMPT = Prompt(index=1, text="I am velka-zofin-4821.", canary="prompt-1", marker="velka-zofin-4821")


@pytest.fixture
def make_stage(box, journal, tmp_path):
    made = []

    def make(*command: str, **settings) -> AppStage:
        stage = AppStage(
            settings=Settings(command=command, out=tmp_path / "run", **settings),
            box=box,
            journal=journal,
            prompts=(PROMPT,),
            document="Some minutes.",
            log=io.BytesIO(),
            listeners=lambda: (("127.0.0.1", 8123),),
            say=said.append,
            on_start=lambda: None,
        )
        made.append(stage)
        return stage

    said: list[str] = []
    yield make
    for stage in made:
        stage.close()


def until(condition, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_command_runs_and_its_output_is_read(make_stage):
    stage = make_stage("sh", "-c", "echo hello; exit 4")
    assert (stage.app_running(), stage.status()) == (False, "never started")
    stage.start_app()
    assert stage.wait(10, lambda: not stage.app_running())
    until(lambda: stage.output() == b"hello\n")
    assert stage.output(3) == b"lo\n"
    assert (stage.status(), stage.box_alive()) == ("exit 4", False)
    assert stage.close() is None
    assert stage._log.getvalue() == b"hello\n"


def test_a_prompt_goes_where_it_is_wanted(make_stage):
    stage = make_stage("sh", "-c", 'printf %s "$1"', "sh", "<{prompt}>")
    assert stage.prompt_in_command
    stage.start_app(argv_prompt=PROMPT)
    until(lambda: stage.output() == b"<I am velka-zofin-4821.>")
    assert not make_stage("true").prompt_in_command


def test_a_prompt_in_a_file_is_planted_and_private(make_stage):
    stage = make_stage("sh", "-c", 'cat "$1"; stat -c %a "$1"', "sh", "{prompt_file}")
    stage.start_app(argv_prompt=PROMPT)
    until(lambda: stage.output() == b"I am velka-zofin-4821.\n600\n")
    (planted,) = stage.planted
    assert not Path(planted).exists()  # it is in the box alone


def test_a_document_in_a_file_goes_with_any_driver(make_stage):
    stage = make_stage("sh", "-c", 'cat "$1"; cat', "sh", "{document_file}")
    assert not stage.prompt_in_command
    stage.start_app(stdin=True)
    stage.close_stdin()
    until(lambda: stage.output() == b"Some minutes.\n")
    assert len(stage.planted) == 1


def test_input_can_be_written_and_ended(make_stage):
    stage = make_stage("sh", "-c", "read line; echo got $line; cat; echo end")
    stage.start_app(stdin=True)
    until(stage.stdin_wanted)
    stage.write_stdin(b"words\n")
    until(lambda: stage.output() == b"got words\n")
    stage.close_stdin()
    stage.close_stdin()
    until(lambda: stage.output() == b"got words\nend\n")
    assert stage.stdin_wanted() is False


def test_input_that_nobody_reads_any_more(make_stage):
    stage = make_stage("sh", "-c", "exec <&-; echo closed; sleep 60")
    stage.start_app(stdin=True)
    until(lambda: stage.output() == b"closed\n")
    with pytest.raises(BrokenPipeError):
        stage.write_stdin(b"words\n")


def test_without_input_there_is_nothing_to_read(make_stage):
    stage = make_stage("cat")
    stage.start_app()
    until(lambda: not stage.app_running())
    assert stage.status() == "exit 0"


@pytest.mark.parametrize(("text", "number"), [("", errno.ENOEXEC), ("#!/no/interpreter", errno.ENOENT)])
def test_a_program_that_cannot_be_started_is_told_with_the_fix(make_stage, tmp_path, text, number):
    program = tmp_path / "app"
    program.write_text(text)
    program.chmod(0o755)
    with pytest.raises(RecordingFailed, match=os.strerror(number)) as caught:
        make_stage(str(program)).start_app()
    assert "first line names" in caught.value.fix
    assert caught.value.exit_code == 3


def test_daemons_keep_the_box_alive(make_stage, box):
    stage = make_stage("sh", "-c", "setsid sleep 60 & sleep 0.3")
    stage.start_app()
    until(lambda: not stage.app_running())
    assert stage.box_alive()
    assert box.stop_all(1)
    assert not stage.box_alive()


def test_waiting_ends_with_the_condition_the_time_or_the_whole_run(make_stage):
    stage = make_stage("true", timeout_s=0.3)
    assert stage.wait(5, lambda: True) is True
    assert stage.wait(0.01) is False
    began = time.monotonic()
    assert stage.wait(60) is False
    assert time.monotonic() - began < 5
    assert stage.remaining() == 0.0


def test_a_full_disk_ends_the_waiting(make_stage, journal):
    stage = make_stage("true")
    journal.failed = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(RecordingFailed, match="No space left"):
        stage.wait(5)


def test_ctrl_c_comes_through(make_stage):
    stage = make_stage("true")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            stage.wait(10)
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_apps_port_can_be_reached_and_published(make_stage):
    source = (
        "import socket\ns = socket.create_server(('127.0.0.1', 8123))\nwhile True: s.accept()[0].send(b'hi')"
    )
    stage = make_stage("python3", "-c", source)
    stage.start_app()
    assert stage.listeners() == (("127.0.0.1", 8123),)
    until(lambda: reached(stage))
    port = stage.publish(8123, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        assert client.recv(2) == b"hi"


def reached(stage: AppStage) -> bool:
    try:
        with stage.connect(8123) as end:
            return end.recv(2) == b"hi"
    except ConnectionRefusedError:
        return False


def test_phases_prompts_and_gaps_are_written_down(make_stage, written):
    stage = make_stage("true")
    stage.begin(PhaseName.PROMPT)
    stage.prompt_sent(PROMPT)
    stage.gap("It could not be seen.", blinds=True, principle=2)
    assert written(PhaseBegan) == [PhaseBegan(name="prompt")]
    assert written(PromptSent) == [PromptSent(role="app", index=1, text=PROMPT.text, canary="prompt-1")]
    assert written(GapNoted) == [
        GapNoted(observer="driver", text="It could not be seen.", blinds=True, principle=2)
    ]


@pytest.mark.parametrize(
    ("settings", "text", "marker", "expected", "vouched"),
    [
        ({}, "You are VELKA-\nzofin-4821", True, None, False),
        ({}, "Hello", False, None, False),
        ({"expect": "42"}, "It is 42.", False, True, False),
        ({"expect": "42"}, "It is 43.", False, False, False),
        ({"accept_unproven_answer": True}, "Hello", False, None, True),
    ],
)
def test_answers_are_written_down_with_what_they_prove(
    make_stage, written, settings, text, marker, expected, vouched
):
    make_stage("true", **settings).answer(PROMPT, text, 1.23456)
    (answer,) = written(AnswerReceived)
    assert (answer.contains_marker, answer.contains_expected, answer.vouched) == (marker, expected, vouched)
    assert (answer.text, answer.seconds, answer.error) == (text, 1.235, "")


def test_a_long_answer_is_cut_after_it_was_searched(make_stage, written):
    make_stage("true").answer(PROMPT, "x" * 5000 + PROMPT.marker, 1)
    (answer,) = written(AnswerReceived)
    assert (len(answer.text), answer.contains_marker) == (4000, True)


def test_a_log_that_cannot_be_written_is_told_in_the_end(make_stage):
    stage = make_stage("echo", "hello")
    with Path("/dev/full").open("wb", buffering=0) as full:
        stage._log = full
        stage.start_app()
        until(lambda: stage.output() == b"hello\n")
        assert "No space left" in str(stage.close())
    assert stage.close() is None


def test_a_flood_beyond_the_log_is_a_gap(make_stage, written, monkeypatch):
    monkeypatch.setattr("auditor.record.output.LOG_CAP", 1000)
    stage = make_stage("sh", "-c", "yes | head -c 3000")
    stage.start_app()
    until(lambda: len(stage.output()) == 3000)
    stage.close()
    (gap,) = written(GapNoted)
    assert (gap.text, gap.blinds) == (
        "The app printed 3,000 bytes; the last 2,000 are not in app.log.", False,
    )  # fmt: skip
