from __future__ import annotations

import io
import json
import os

import pytest

from auditor.errors import RecordingFailed
from auditor.evidence.store import create
from auditor.report import FORMATS
from auditor.report import write_reports
from auditor.report.formats import replace_file
from auditor.report.html import render_html
from auditor.report.result import encode_result


@pytest.fixture
def directory(tmp_path):
    return create(tmp_path / "run")


def test_the_two_reports_are_written_for_their_owner_alone(cases, directory):
    result = write_reports(*cases["fail"], directory)
    assert directory.result.read_bytes() == encode_result(result)
    assert directory.report.read_text() == render_html(result)
    assert {path.stat().st_mode & 0o777 for path in (directory.result, directory.report)} == {0o600}


def test_writing_again_replaces_and_leaves_nothing_behind(cases, directory):
    write_reports(*cases["pass"], directory)
    write_reports(*cases["fail"], directory)
    assert json.loads(directory.result.read_bytes())["verdict"]["outcome"] == "fail"
    assert sorted(os.listdir(directory.root)) == ["bodies", "files", "report.html", "result.json"]


def test_a_folder_that_is_gone_is_one_clear_error(tmp_path):
    with pytest.raises(RecordingFailed, match="cannot be written"):
        replace_file(tmp_path / "gone" / "result.json", b"")


def test_a_failed_write_keeps_the_old_report(tmp_path):
    target = tmp_path / "result.json"
    target.mkdir()
    with pytest.raises(RecordingFailed):
        replace_file(target, b"new")
    assert os.listdir(tmp_path) == ["result.json"]


@pytest.mark.parametrize(
    ("name", "start"),
    [("console", "chat.py"), ("html", "<!doctype html>"), ("json", '{\n  "schema_version"')],
)
def test_every_format_writes_to_a_stream(failing, name, start):
    stream = io.StringIO()
    FORMATS[name].write(failing, stream, "report.html")
    assert stream.getvalue().startswith(start)


def test_formats_are_found_by_their_name():
    assert list(FORMATS) == [item.name for item in FORMATS.values()] == ["console", "html", "json"]
