"""Engine plans are data."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auditor.reference.engine import SERVER_PORT
from auditor.reference.engine import environment
from auditor.reference.engine import from_path
from auditor.reference.engine import installed
from auditor.reference.engine import packaged

MODEL = Path("/models/reference.gguf")
OLD_HELP = """
-m,    --model FNAME        model path (env: LLAMA_ARG_MODEL)
-c,    --ctx-size N         size of the prompt context
-np,   --parallel N         number of parallel sequences
--host HOST                 ip address to listen
--port PORT                 port to listen
--no-webui                  Disable the Web UI
--no-slots-endpoint         something else
"""
NEW_HELP = OLD_HELP + "--ui, --no-ui, --no-webui\n--slots, --no-slots\n-cram, --cache-ram N\n--offline\n"


def planned(help_text, version_text="version: 6123 (79c1160b)\nbuilt with cc"):
    return from_path(
        "/bin/llama-server", model=MODEL, parent={}, help_text=help_text, version_text=version_text
    )


def test_only_flags_that_the_help_lists():
    old, new = planned(OLD_HELP), planned(NEW_HELP)
    assert old.argv == (
        "/bin/llama-server", "--model", str(MODEL), "--host", "127.0.0.1", "--port", str(SERVER_PORT),
        "--ctx-size", "1024", "--parallel", "1", "--no-webui",
    )  # fmt: skip
    assert new.argv[-5:] == ("--offline", "--no-ui", "--no-slots", "--cache-ram", "0")
    assert old.version == "6123 (79c1160b)"
    assert old.port_in(b"") == SERVER_PORT


@pytest.mark.parametrize(
    "help_text", ["", "Usage: llama-server --model-url X", OLD_HELP.replace("--host", "")]
)
def test_useless_without_the_flags_that_matter(help_text):
    assert planned(help_text) is None


def test_an_unknown_version_is_said():
    assert planned(OLD_HELP, "").version == "unknown"


def test_packaged_plan():
    plan = packaged(MODEL, {"PATH": "/bin"})
    assert plan.argv[0] == sys.executable
    assert plan.argv[-1] == str(MODEL)
    assert plan.port_in(b"") == 0
    assert plan.port_in(b"warning\nREADY http://127.0.0.1:40123\n") == 40123
    assert plan.port_in(b"not READY http://127.0.0.1:40123\n") == 0


def test_variables_that_change_an_engine_stay_out():
    parent = {"PATH": "/bin", "LLAMA_ARG_HOST": "0.0.0.0", "HF_TOKEN": "x", "PYTHONPATH": "/x"}
    assert environment(parent) == {"PATH": "/bin", "PYTHONDONTWRITEBYTECODE": "1"}


def test_no_server_on_an_empty_path():
    assert installed({}) is None
