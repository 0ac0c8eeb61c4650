"""What nobody told an app of: honey in files and variables, found when it leaves, unseen when it stays."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.box


@pytest.fixture(scope="module")
def thief(audit, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh" / "id_ed25519").write_text("the user's own key\n")
    command = (sys.executable, "-B", "reads_your_files.py", "{prompt}")
    options = ("--out", "{run}", "--settle", 1, "--idle", 0.5, "--no-reference")
    running = audit.start("run", *options, "--", *command, HOME=str(home), NAS_PASSWORD="the user's own")
    return home, running.end()


def found(ended) -> dict[str, list[str]]:
    """Forms in which each canary left."""
    return {
        each["planted_in"]: [one["encoding"] for one in each["found"]] for each in ended.result["canaries"]
    }


def test_what_was_taken_from_files_and_variables_is_named(thief):
    _, ended = thief
    assert ended.code == 1
    taken = {
        each["message"].split("the content of ")[1].split(" to ")[0]
        for each in ended.result["findings"]
        if each["rule"] == "CAN005"
    }
    assert taken == {
        "~/.ssh/id_backup", "~/.aws/credentials", "~/Documents/remember.txt", "~/.config/rclone/rclone.conf",
        "~/.git-credentials", "the variable BACKUP_API_TOKEN",
    }  # fmt: skip


def test_what_it_did_not_read_did_not_leave(thief):
    _, ended = thief
    assert found(ended)["~/.config/google-chrome/Default/Bookmarks"] == []


def test_the_identity_of_this_start_of_the_machine_is_known(thief):
    _, ended = thief
    assert found(ended)["boot id"]
    assert Path("/proc/sys/kernel/random/boot_id").read_text().strip() not in ended.out


def test_only_the_file_that_it_changed_is_its_doing(thief):
    home, ended = thief
    assert [(each["path"], each["change"]) for each in ended.result["files"]] == [
        (f"{home}/.git-credentials", "modified")
    ]


def test_nothing_of_the_users_was_touched(thief):
    home, ended = thief
    assert sorted(path.name for path in home.rglob("*")) == [".ssh", "id_ed25519"]
    assert "the user's own" not in str(ended.result["canaries"])


def test_no_rule_about_secrets_is_left_open(thief):
    _, ended = thief
    assert "CAN005" not in {
        each["rule"] for each in ended.result["rules"] if each["outcome"] == "not-available"
    }
