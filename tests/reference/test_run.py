"""The reference run with the real engine and the shipped model."""

from __future__ import annotations

import os
import stat
from random import Random

import pytest

from auditor.drivers.prompts import built_in
from auditor.model.observation import AnswerReceived
from auditor.model.observation import PromptSent
from auditor.reference import run
from auditor.reference.model_file import SHIPPED_SHA256
from auditor.reference.model_file import model_path
from auditor.reference.run import run_reference


@pytest.fixture
def env(tmp_path):
    """An environment with no `llama-server` on its PATH."""
    (tmp_path / "bin").mkdir()
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path), "LLAMA_ARG_HOST": "0.0.0.0"}


def recorded(box, env, *, model=None, prompts=None):
    written = []
    ran = run_reference(
        model=model or model_path(),
        prompts=built_in(Random(3)) if prompts is None else prompts,
        box=box,
        parent_env=env,
        write=written.append,
    )
    assert written[-1] is ran
    return ran, written


def test_answers_every_prompt_with_its_marker(plain_box, children, env):
    ran, written = recorded(plain_box, env)
    assert ran.error == ""
    assert ran.engine == "llama.cpp (xllamacpp)"
    assert ran.model_sha256 == SHIPPED_SHA256
    assert ran.tokens_per_second > 0
    assert [type(what) for what in written[:-1]] == [PromptSent, AnswerReceived] * 3
    assert [what.contains_marker for what in written if isinstance(what, AnswerReceived)] == [True] * 3
    assert not any(child.running() for child in children)


def test_writes_nothing_into_its_home(plain_box, env, tmp_path):
    recorded(plain_box, env)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "child0.log"]


def test_a_broken_model_is_an_error_text(plain_box, env, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 100)
    ran, written = recorded(plain_box, env, model=broken)
    assert ran.error.startswith("llama.cpp (xllamacpp) ended by itself. Its last words: ")
    assert written == [ran]


def test_a_missing_model_is_an_error_text(plain_box, env, tmp_path):
    ran, _ = recorded(plain_box, env, model=tmp_path / "gone.gguf")
    assert "No such file" in ran.error


def test_no_engine_is_an_error_text(plain_box, env, monkeypatch):
    monkeypatch.setattr("auditor.reference.engine.importlib.util.find_spec", lambda _: None)
    ran, _ = recorded(plain_box, env)
    assert ran.error.startswith("There is no llama.cpp")
    assert ran.engine == ""


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_an_engine_that_dies_is_an_error_text(plain_box, env, tmp_path):
    flags = "--model --host --port --ctx-size"
    script(
        tmp_path / "bin" / "llama-server",
        f'case "$1" in --help) echo {flags};; --version) echo "version: 7 (abc)";; *) echo Bang; exit 4;; esac',
    )
    ran, _ = recorded(plain_box, env)
    assert (ran.engine, ran.version) == ("llama.cpp (llama-server)", "7 (abc)")
    assert ran.error == "llama.cpp (llama-server) ended by itself. Its last words: Bang"


def test_another_program_of_that_name_is_passed_over(plain_box, env, tmp_path):
    script(tmp_path / "bin" / "llama-server", "exit 1")
    ran, _ = recorded(plain_box, env, prompts=())
    assert (ran.engine, ran.error) == ("llama.cpp (xllamacpp)", "")


def test_an_engine_that_never_gets_ready(plain_box, children, env, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "START_S", 0.3)
    flags = "--model --host --port --ctx-size"
    script(
        tmp_path / "bin" / "llama-server",
        f'case "$1" in --*e*) [ "$1" = --model ] && exec /bin/sleep 60; echo {flags};; esac',
    )
    ran, _ = recorded(plain_box, env)
    assert ran.error == "llama.cpp (llama-server) was not ready within 0.3 s."
    assert not any(child.running() for child in children)


def test_an_interrupt_leaves_no_engine(plain_box, children, env):
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_reference(
            model=model_path(), prompts=built_in(Random(3)), box=plain_box, parent_env=env, write=interrupt
        )
    assert children
    assert not any(child.running() for child in children)


def test_environment_for_the_real_run_is_small():
    from auditor.reference.engine import environment

    assert set(environment(dict(os.environ))) <= {
        "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE"
    }  # fmt: skip
