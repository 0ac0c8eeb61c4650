"""Programs that try to take the machine, the recording or the supervisor down: the run ends, and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.box

HERE = Path(__file__).parent
OPTIONS = ("--driver", "none", "--idle", 0.5, "--settle", 0.5, "--no-reference")


@pytest.fixture
def hostile(audit, tmp_path):
    """Begin an audit of one of the hostile programs, in a working directory of its own."""

    def start(*program: object, options: tuple[object, ...] = (), **how: object):
        command = (sys.executable, "-S", "-B", HERE / "hostile.py", *program)
        return audit.start("run", "--out", "{run}", *OPTIONS, *options, "--", *command, cwd=tmp_path, **how)

    return start


def assert_inconclusive(ended, why: str) -> None:
    """It ended in good order, with one reason before all others."""
    assert ended.code == 3, ended.out + ended.err
    assert "Traceback" not in ended.err
    assert ended.result["run"]["sealed"] is True
    assert why in ended.result["verdict"]["reasons"][0]
    assert any(why in gap for gap in ended.result["coverage"]["gaps"])


@pytest.mark.parametrize("kind", ["fork_bomb", "thread_bomb"])
def test_a_bomb_is_bounded_and_ended(hostile, kind):
    began = time.monotonic()
    running = hostile(kind, options=("--timeout", 60, "--idle", 40))
    running.wait_for("starting the app")
    tick = time.monotonic()
    subprocess.run(["true"], check=True, timeout=30)  # the machine can still be used
    usable_s = time.monotonic() - tick
    ended = running.end()
    assert usable_s < 15
    assert time.monotonic() - began < 90
    assert_inconclusive(ended, "processes and threads, of at most")


def test_a_full_disk_stops_the_app_before_it_is_full(hostile, tmp_path):
    running = hostile("fill_disk", "big", confined=("scratch", 300 << 20))
    ended = running.end()
    assert_inconclusive(ended, "MiB free on the disk of /var/tmp")
    (written,) = (each for each in ended.result["files"] if each["path"].endswith("/big"))
    assert 100 << 20 < written["bytes"] < 300 << 20
    assert not (tmp_path / "big").exists()
    assert all(control["seen"] for control in ended.result["coverage"]["controls"])


def test_a_flood_of_output_is_cut_and_said_to_be(hostile):
    ended = hostile("flood_output", 70 << 20, options=("--idle", 60)).end()  # or until it has ended
    assert ended.code == 0, ended.out + ended.err
    assert (ended.run / "app.log").stat().st_size == 64 << 20
    assert any("are not in app.log" in gap for gap in ended.result["coverage"]["gaps"])


def test_descriptors_that_are_closed_and_used_again_do_not_mix_up_their_owners(hostile):
    processes, rounds = 4, 40
    ended = hostile("reuse_descriptors", processes, rounds, options=("--settle", 3)).end()
    owners = {}
    for flow in ended.result["flows"]:
        port = flow["destination"]["port"]
        if port >= 10_000:
            owners[port] = flow["process"]["argv"][-2:]
    expected = {
        10_000 + 1000 * number + 250 * thread + each: [str(number), str(rounds)]
        for number in range(processes)
        for thread in range(4)
        for each in range(rounds)
    }
    assert owners == expected


def test_thousands_of_sockets_at_once(hostile):
    ended = hostile("hold_sockets", 2500, options=("--settle", 3)).end()
    assert b"held 2500" in (ended.run / "app.log").read_bytes()
    ports = {flow["destination"]["port"] for flow in ended.result["flows"]}
    assert set(range(20_000, 22_500)) <= ports
    assert "Traceback" not in ended.err


def test_a_program_deaf_to_signals_is_ended(hostile):
    ended = hostile("block_signals").end()
    assert ended.code == 0, ended.out + ended.err
    assert ended.result["run"]["app_status"] == "still running at the end"


def test_what_a_daemon_says_at_the_very_end_is_heard(hostile):
    ended = hostile("wait_for_the_end").end()
    assert ended.code == 1, ended.out + ended.err
    (flow,) = (each for each in ended.result["flows"] if each["destination"]["port"] == 30_000)
    assert (flow["phase"], flow["bytes_out"]) == ("stop", len("last words"))
    assert flow["process"]["argv"][-1] == "wait_for_the_end"
    assert [each["path"].rpartition("/")[2] for each in ended.result["files"]] == ["last-words.txt"]


def test_chromium_in_its_own_sandbox(audit, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    if os.geteuid() == 0:
        pytest.skip("Chromium does not use its sandbox as root")
    page = "data:text/html,<title>x</title><p id=said></p><script>said.textContent=6*7</script>"
    ended = audit(
        "run", "--out", "{run}", *OPTIONS, "--timeout", 60, "--",
        chromium, "--headless", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--dump-dom", page,
        HOME=str(tmp_path),
    )  # fmt: skip
    assert b'<p id="said">42</p>' in (ended.run / "app.log").read_bytes(), (ended.run / "app.log").read_text()
    assert ended.code in (0, 1), ended.err
