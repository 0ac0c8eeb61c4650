from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import zlib

import pytest

from auditor.sandbox import honey


def everywhere(_path: str) -> bool:
    return True


def test_each_secret_stands_in_its_file_and_in_no_other_run():
    first, second = (honey.files("/home/ada", "zopu12", everywhere) for _ in range(2))
    assert len(first) == len(honey.POTS)
    for file in first:
        assert file.text.count(file.secret) == 1
        assert len(file.secret) >= 16
        assert file.path == file.place.replace("~", "/home/ada")
    assert not {file.secret for file in first} & {file.secret for file in second}


def test_a_place_that_is_taken_is_left_to_the_user():
    taken = {"/h/.ssh/id_ed25519", "/h/.config/git/config"}
    found = {file.id: file.place for file in honey.files("/h", "zopu12", lambda path: path not in taken)}
    assert found["file-ssh"] == "~/.ssh/id_backup"
    assert "file-git-settings" not in found
    assert honey.files("/h", "zopu12", lambda _path: False) == ()


def test_a_variable_that_the_user_set_is_his():
    names = {each.name for each in honey.variables({})}
    assert {each.name for each in honey.variables({"NAS_PASSWORD": ""})} == names - {"NAS_PASSWORD"}
    assert not any(name.startswith(("AWS", "OPENAI", "GITHUB", "GH_")) for name in names)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_the_key_is_one_that_ssh_takes(tmp_path):
    text, secret = honey.ssh_key("zopu12")
    (tmp_path / "key").write_text(text)
    (tmp_path / "key").chmod(0o600)
    said = subprocess.run(
        ["ssh-keygen", "-y", "-f", tmp_path / "key"], check=False, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("ssh-ed25519 ")
    assert secret not in base64.b64encode(said.stdout.encode()).decode() + said.stdout


def test_the_github_token_has_the_checksum_that_scanners_verify():
    token = honey.github_token()
    assert re.fullmatch(r"ghp_[0-9A-Za-z]{36}", token)
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for sign in token[-6:]:
        number = number * 62 + digits.index(sign)
    assert number == zlib.crc32(token[4:-6].encode())


def test_the_bookmarks_are_a_browsers():
    (file,) = (one for one in honey.files("/h", "u", everywhere) if one.id == "file-browser")
    (link,) = json.loads(file.text)["roots"]["bookmark_bar"]["children"]
    assert link["url"].endswith(file.secret)
