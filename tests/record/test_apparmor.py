from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.record.apparmor import profile


def test_it_names_the_interpreter_that_the_kernel_will_see(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)
    real = Path(sys.executable).resolve()
    assert f'profile audit "{real}" flags=(unconfined)' in profile(tmp_path / "python")
    assert f'"{real}"' in profile()


def test_an_interpreter_for_all_is_said_to_be_one(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "every program of this Python" in profile(Path("/usr/bin/python3.12"))
    assert "audit's own environment" in profile(tmp_path / "bin" / "python")


@pytest.mark.parametrize(
    "name", ["python3.12", "a blank/python", 'od"d*[1]{2}^3\\x@{HOME}/python', "für/python"]
)
def test_the_parser_takes_it(tmp_path, name):
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin")
    if parser is None:
        pytest.skip("apparmor_parser is not installed")
    said = subprocess.run([parser, "--version"], capture_output=True, text=True, check=True).stdout
    text = profile(tmp_path / name)
    if int(re.search(r"version (\d+)", said)[1]) < 4:
        # These two lines are what AppArmor 4.0 brought; all others can be checked by an older one.
        text = text.replace("abi <abi/4.0>,", "abi <abi/3.0>,").replace("  userns,\n", "")
    (tmp_path / "audit").write_text(text)
    checked = subprocess.run(
        [parser, "-Q", "-K", tmp_path / "audit"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    names = subprocess.run([parser, "-N", tmp_path / "audit"], capture_output=True, text=True, check=False)
    assert names.stdout == "audit\n"
