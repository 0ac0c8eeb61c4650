from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.sandbox import java

OURS = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(b"ours in DER") + b"-----END CERTIFICATE-----\n"
ROOTS = b"# a comment\n" + OURS.replace(b"b3Vycy", b"cm9vdC") * 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    if not shutil.which("openssl") or not shutil.which("keytool"):
        pytest.skip("openssl or keytool (a JDK) is not installed")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "k", "-out", "c.pem", "-subj", "/CN=Root CA 7"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "c.pem"


def listed(store: Path) -> str:
    command = ["keytool", "-list", "-keystore", store, "-storepass", "changeit"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_store_of_its_own_format_keeps_what_it_holds(tmp_path, certificate) -> None:
    theirs = tmp_path / "theirs"
    add = ["keytool", "-importcert", "-noprompt", "-alias", "corporate", "-file", certificate]
    subprocess.run(
        [*add, "-storetype", "JKS", "-keystore", theirs, "-storepass", "changeit"],
        check=True,
        capture_output=True,
    )
    made = tmp_path / "cacerts"
    made.write_bytes(java.store_with(theirs.read_bytes(), b"", certificate.read_bytes()))
    assert "corporate," in listed(made)
    assert "ours0," in listed(made)
    assert "contains 2 entries" in listed(made)


def test_a_store_in_another_format_gets_the_roots_of_the_system(tmp_path, certificate) -> None:
    made = tmp_path / "cacerts"
    made.write_bytes(
        java.store_with(b"\x30\x82 PKCS #12", certificate.read_bytes() * 3, certificate.read_bytes())
    )
    assert "contains 4 entries" in listed(made)


def test_a_damaged_store_is_not_carried_on() -> None:
    sound = java.store_with(b"", ROOTS, OURS)
    again = java.store_with(sound, b"", OURS)
    damaged = java.store_with(sound[:40] + b"X" + sound[41:], b"", OURS)
    assert [each[8:12] for each in (sound, again, damaged)] == [b"\0\0\0\3", b"\0\0\0\4", b"\0\0\0\1"]


def test_no_certificate_is_no_trust() -> None:
    with pytest.raises(ValueError, match="no certificate"):
        java.store_with(b"", ROOTS, b"nothing")


@pytest.mark.parametrize("below", ["lib/security", "jre/lib/security"])
def test_stores_are_found_by_variable_command_and_place(tmp_path, below) -> None:
    stores = []
    for name in ("named", "run", ".sdkman/candidates/java/21"):
        (tmp_path / name / below).mkdir(parents=True)
        (tmp_path / name / "bin").mkdir()
        (tmp_path / name / "bin" / "java").touch()
        (tmp_path / name / below / "cacerts").touch()
        stores.append(str(tmp_path / name / below / "cacerts"))
    command = ["sh", "-c", f"exec {tmp_path}/run/bin/java -jar app.jar"]
    found = java.find_stores(command, {"JAVA_HOME": str(tmp_path / "named")}, tmp_path)
    assert set(stores) <= set(found)
    assert all(map(java.is_store, found))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_store_that_we_may_not_read_is_left_alone(tmp_path) -> None:
    store = tmp_path / "lib" / "security" / "cacerts"
    store.parent.mkdir(parents=True)
    store.touch(0)
    assert str(store) not in java.find_stores([], {"JAVA_HOME": str(tmp_path)}, tmp_path)
