from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.sandbox import browsers
from auditor.sandbox.plan import Layer


def test_a_browser_and_certutil_are_both_needed(tmp_path) -> None:
    environ = {"PATH": str(tmp_path)}
    for name in ("certutil", "chromium"):
        assert not browsers.wanted(environ, tmp_path)
        (tmp_path / name).touch(0o755)
    assert browsers.wanted(environ, tmp_path)


def test_planted_paths_name_folders_and_files_but_not_the_home() -> None:
    paths = browsers.planted_paths("/home/anna")
    assert "/home/anna/.pki/nssdb/cert9.db" in paths
    assert "/home/anna/.local" in paths
    assert not {"/home/anna", "/home", "/"} & paths


def test_the_database_trusts_the_certificate(tmp_path) -> None:
    if not shutil.which("certutil") or not shutil.which("openssl"):
        pytest.skip("certutil (libnss3-tools) or openssl is not installed")
    home, upper = tmp_path / "home", tmp_path / "upper"
    (home / ".local").mkdir(parents=True)
    (home / ".local").chmod(0o755)
    upper.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "k", "-out", "c.pem", "-subj", "/CN=Test"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    layer = Layer(mount=str(home), upper=str(upper), lower=str(home))
    database = browsers.Database(tmp_path)
    database.begin()
    database.trust((tmp_path / "c.pem").read_bytes())
    browsers.plant([layer], str(home), database, (os.getuid(), os.getgid()))
    for database in browsers.DATABASES:
        listed = subprocess.run(
            ["certutil", "-L", "-d", f"sql:{upper / database}"], check=True, capture_output=True, text=True
        )
        assert "C,," in listed.stdout
    assert (upper / ".local").stat().st_mode & 0o777 == 0o755
    made = {str(Path(home) / path.relative_to(upper)) for path in upper.rglob("*")}
    assert made == browsers.planted_paths(str(home))


def test_nothing_happens_when_the_home_is_not_recorded(tmp_path) -> None:
    browsers.plant([], str(tmp_path), browsers.Database(tmp_path), (0, 0))
    assert list(tmp_path.iterdir()) == []


def test_what_certutil_refuses_is_told(tmp_path) -> None:
    if not shutil.which("certutil"):
        pytest.skip("certutil (libnss3-tools) is not installed")
    database = browsers.Database(tmp_path)
    database.begin()
    database.trust(b"no certificate")
    layer = Layer(mount=str(tmp_path), upper=str(tmp_path / "upper"), lower="")
    with pytest.raises(OSError, match="certutil ended with"):
        browsers.plant([layer], str(tmp_path), database, (os.getuid(), os.getgid()))
