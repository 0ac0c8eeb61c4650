from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from auditor.cli import options
from auditor.drivers import DRIVERS
from auditor.errors import UsageError
from auditor.model import schedule
from auditor.model.run import Declared
from auditor.model.run import Mode
from auditor.record.settings import Settings
from auditor.record.settings import runs_folder


def settings_of(*words: str) -> Settings:
    """What a command line means."""
    kept: list[Settings] = []

    @click.command()
    @options.record_options
    def record(**given: Any) -> None:
        kept.append(options.settings_from(given))

    record.main(list(words), standalone_mode=False)
    return kept[0]


def test_defaults():
    settings = settings_of("--", "true", "--idle", "{x}")
    assert settings.command == ("true", "--idle", "{x}")
    assert (settings.mode, settings.driver, settings.prompts) == (Mode.SINKHOLE, "auto", ())
    assert (settings.idle_s, settings.settle_s, settings.timeout_s) == (10.0, 15.0, 600.0)
    assert (settings.gpu, settings.reference, settings.reference_model) == (True, True, None)
    assert settings.out.parent == runs_folder()
    assert "-true-" in settings.out.name


def test_every_option_arrives(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.gguf").touch()
    settings = settings_of(
        "--mode", "offline", "--allow", "A.Example.=telemetry", "--allow", "*.b.example", "--driver", "manual",
        "--publish", "7860", "--publish", "80:8080", "--url", "http://127.0.0.1:1/v1", "--prompt", "{canary}?",
        "--prompt", "two", "--expect", "42", "--accept-unproven-answer", "--idle", "0", "--settle", "1.5",
        "--timeout", "9", "--out", "here", "--writable", str(tmp_path), "--no-gpu", "--no-reference",
        "--reference-model", "model.gguf", "true",
    )  # fmt: skip
    assert settings == Settings(
        command=("true",), mode=Mode.OFFLINE, driver="manual",
        declared=(Declared(host="a.example", purpose="telemetry"), Declared(host="*.b.example")),
        publish=((7860, 7860), (80, 8080)), url="http://127.0.0.1:1/v1", prompts=("{canary}?", "two"), expect="42",
        accept_unproven_answer=True, idle_s=0.0, settle_s=1.5, timeout_s=9.0, out=tmp_path / "here",
        writable=(tmp_path,), gpu=False, reference=False, reference_model=Path("model.gguf"),
    )  # fmt: skip


def test_the_choices_are_what_there_is():
    assert set(options.DRIVERS) == set(DRIVERS)
    assert options.DEFAULT_ERROR_RATE == schedule.DEFAULT_ERROR_RATE
    from auditor.report import FORMATS

    assert set(options.FORMATS) == set(FORMATS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=telemetry",
        "http://a.example",
        "a.example/x",
        "*",
        "*.",
        "*.com",
        "a.example=spying",
        "a.example=x=y",
    ],
)
def test_hosts_that_are_none(text):
    with pytest.raises(UsageError, match="--allow"):
        options.declared(text)


@pytest.mark.parametrize(
    "text", ["", "x", "0", "65536", "-1", "80:", "80:x", "80:0", ":80", "80:90:100", "8.0"]
)
def test_ports_that_are_none(text):
    if text == "80:":  # an empty second port is the first
        assert options.published(text) == (80, 80)
        return
    with pytest.raises(UsageError, match="--publish"):
        options.published(text)


def test_outputs():
    assert options.outputs_from(()) == (("console", None),)
    assert options.outputs_from(("json=a=b.json", "html=x")) == (
        ("json", Path("a=b.json")),
        ("html", Path("x")),
    )


@pytest.mark.parametrize("texts", [("pdf",), ("",), ("=x",), ("json", "html"), ("console", "console")])
def test_outputs_that_cannot_be(texts):
    with pytest.raises(UsageError, match="--format"):
        options.outputs_from(texts)


@pytest.mark.parametrize("driver", ["auto", "argv"])
@pytest.mark.parametrize("place", ["{prompt}", "--ask={prompt_file}"])
def test_a_place_for_the_prompt_goes_with_two_drivers(driver, place):
    options.check_driver(driver, ("app", place))


@pytest.mark.parametrize("driver", ["none", "manual", "stdin", "openai"])
def test_and_not_with_the_others(driver):
    options.check_driver(driver, ("app",))
    with pytest.raises(UsageError, match=f"not with {driver}"):
        options.check_driver(driver, ("app", "{prompt}"))


def test_the_driver_argv_wants_a_place():
    with pytest.raises(UsageError, match=r"needs \{prompt\}"):
        options.check_driver("argv", ("app",))


def test_a_document_goes_with_every_driver():
    for driver in options.DRIVERS:
        options.check_driver(driver, ("app", "{document_file}"))


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "127.0.0.1:8080", "http://", "http://x:99999", "http://x:port"]
)
def test_an_address_that_is_none_is_told_before_anything_is_run(url):
    with pytest.raises(UsageError, match="no URL of a local server"):
        settings_of("--url", url, "true")
