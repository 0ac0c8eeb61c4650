from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor.sandbox import trust


def _venv(folder: Path, name: str = "certifi/cacert.pem") -> Path:
    bundle = folder / "lib" / "python3.11" / "site-packages" / name
    bundle.parent.mkdir(parents=True)
    bundle.write_text("roots")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").touch()
    return bundle


@pytest.mark.parametrize(
    "command", [["{venv}/bin/python", "app.py"], ["sh", "-c", "cd /; '{venv}/bin/python' app.py | tee log"]]
)
def test_bundles_of_the_command_are_found(tmp_path, command) -> None:
    bundle = _venv(tmp_path / "my")
    words = [word.format(venv=tmp_path / "my") for word in command]
    assert str(bundle) in trust.find_bundles(words, {}, tmp_path, tmp_path)


def test_bundles_of_the_environment_and_the_working_directory(tmp_path) -> None:
    active, local = (
        _venv(tmp_path / "active"),
        _venv(tmp_path / "work" / ".venv", "pip/_vendor/certifi/cacert.pem"),
    )
    found = trust.find_bundles(
        ["app"], {"VIRTUAL_ENV": str(tmp_path / "active")}, tmp_path / "work", tmp_path
    )
    assert {str(active), str(local)} <= set(found)


def test_the_link_is_named_as_openssl_names_it(tmp_path) -> None:
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", "k", "-out", "c.pem", "-subj", "/O=Some  Where/CN=Root CA 7"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    expected = subprocess.run(
        ["openssl", "x509", "-in", "c.pem", "-noout", "-hash"], cwd=tmp_path, check=True, capture_output=True
    )
    subject = [("2.5.4.10", "Some  Where"), ("2.5.4.3", "Root CA 7")]
    assert trust.subject_hash(subject) == expected.stdout.decode().strip()


def test_real_roots_stay() -> None:
    assert trust.bundle_with(b"ROOTS\n\n", b"OURS\n") == b"ROOTS\nOURS\n"
