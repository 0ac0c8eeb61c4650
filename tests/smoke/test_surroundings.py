"""Run directories that cannot be used, full disks, kernels that refuse: one sentence, the fix, the right status."""

from __future__ import annotations

import mmap
import platform
import sys
from pathlib import Path

import pytest

from auditor.sandbox.surroundings import Surroundings

COMMAND = (sys.executable, "-B", "quiet_argv.py", "{prompt}")


def assert_tidy(ended, code: int) -> str:
    """What it said, which must be one message without a traceback."""
    assert ended.code == code, ended.out + ended.err
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err
    assert ended.err.count("audit: ") == 1, ended.err
    return ended.message


def test_a_run_directory_that_cannot_be_made(audit, tmp_path):
    (tmp_path / "file").touch()
    said = assert_tidy(audit("run", "--out", tmp_path / "file" / "run", "--", "true"), 2)
    assert "cannot be made: Not a directory." in said
    assert "--out DIR" in said


def test_a_run_directory_where_nobody_may_write(audit):
    said = assert_tidy(audit("run", "--out", "/proc/self/run", "--", "true"), 2)
    assert "cannot be made" in said


def test_a_run_directory_with_something_in_it(audit, tmp_path):
    (tmp_path / "precious").write_text("mine")
    said = assert_tidy(audit("run", "--out", tmp_path, "--", "true"), 2)
    assert (
        said == f"audit: The run directory {tmp_path} is not empty. Name another with --out, or remove it.\n"
    )
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.box
@pytest.mark.parametrize("pages", [2, 4])
def test_a_disk_that_fills_up(audit, tmp_path, pages):
    confined = ("full", pages * mmap.PAGESIZE, tmp_path / "copy")
    options = ("--out", "/mnt/run", "--settle", 0.5, "--no-reference")
    ended = audit.start("run", *options, "--", *COMMAND, confined=confined).end()
    said = assert_tidy(ended, 3)
    assert "could not be written: No space left on device" in said
    assert "The run is unsealed." in said
    assert "Make room" in said

    run = tmp_path / "copy" / "run"
    assert not (run / "run.json").exists()
    again = audit("judge", run)
    assert again.code == 3, again.err
    assert "inconclusive" in again.out
    assert "interrupted" in again.out


@pytest.mark.box
def test_a_disk_with_room_for_the_run_but_not_for_its_report(audit, tmp_path):
    confined = ("full", 72 * mmap.PAGESIZE, tmp_path / "copy")
    options = ("--out", "/mnt/run", "--settle", 0.5, "--no-reference")
    ended = audit.start("run", *options, "--", *COMMAND, confined=confined).end()
    assert "cannot be written: No space left on device" in assert_tidy(ended, 3)
    assert (tmp_path / "copy" / "run" / "run.json").exists()
    assert audit("judge", tmp_path / "copy" / "run").code == 0


by_number = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="no system call numbers"
)
POWER = (
    "--security-opt apparmor=unconfined"
    if Surroundings.now().container
    else "audit doctor --apparmor-profile"
)
REFUSALS = [
    ("no-namespaces", "user-namespace", "sudo sysctl user.max_user_namespaces=15000"),
    pytest.param(
        "refused", "user-namespace", "docker run --security-opt seccomp=unconfined", marks=by_number
    ),
    pytest.param("powerless", "network-namespaces", POWER, marks=by_number),
    pytest.param("no-netfilter", "tproxy", "sudo modprobe -a veth nf_tables nft_tproxy", marks=by_number),
    ("layered", "mounts", "add `--volume /var/tmp`"),
]
"""What is taken away, the step that fails for it, and the fix that must be said."""


@pytest.mark.box
@pytest.mark.parametrize(("kind", "step", "fix"), REFUSALS)
def test_a_machine_that_refuses_something(audit, kind, step, fix):
    ended = audit.start("run", "--out", "{run}", "--", *COMMAND, confined=(kind,)).end(may_skip=False)
    said = assert_tidy(ended, 3)
    assert said.startswith("audit: The box cannot be built:")
    assert f"step {step}" in said
    assert fix in said
    assert not (ended.run / "run.json").exists()

    doctor = audit.start("doctor", confined=(kind,)).end(may_skip=False)
    lines = doctor.out.splitlines()
    assert doctor.code == 3
    assert "No box can be built here yet." in doctor.out
    assert [line.split()[1] for line in lines if line.startswith("missing")] == [step]
    assert fix in doctor.out


@pytest.mark.box
def test_a_covered_proc_reduces_the_assurance_and_says_so(audit):
    options = ("--out", "{run}", "--settle", 0.5, "--no-reference")
    ended = audit.start("run", *options, "--", *COMMAND, confined=("masked",)).end()
    run = ended.result["run"]
    assert run["assurance"] == "reduced"
    assert any("no /proc of its own" in reason for reason in run["reduced_by"]), run
    assert "reduced" in ended.out
    assert ended.code == 0, ended.out + ended.err

    doctor = audit.start("doctor", confined=("masked",)).end(may_skip=False)
    assert (doctor.code, "no /proc of its own" in doctor.out) == (0, True)
    assert any(line.startswith("reduced") for line in doctor.out.splitlines())


def test_the_profile_for_apparmor(audit):
    said = audit("doctor", "--apparmor-profile")
    assert (said.code, said.err) == (0, "")
    assert f'"{Path(sys.executable).resolve()}"' in said.out
    assert "userns," in said.out


@pytest.mark.box
def test_doctor_where_a_box_can_be_built(audit):
    doctor = audit("doctor")
    if doctor.code == 3:
        pytest.skip(doctor.out)
    assert doctor.code == 0
    assert "missing" not in doctor.out
    assert "A box can be built here." in doctor.out


BROKEN = {
    "no-yaml": ("id: [\n", ":2:1:"),
    "unknown-key": ("id: TST001\nname: x\nwhay: y\n", ":3:1:"),
    "not-a-map": ("- a\n", ":1:1:"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_rule_is_named_with_its_line_and_nothing_is_run(audit, tmp_path, name):
    text, place = BROKEN[name]
    rule = tmp_path / "TST001-x.yaml"
    rule.write_text(text)
    ended = audit("run", "--out", "{run}", "--rules", tmp_path, "--", *COMMAND)
    said = assert_tidy(ended, 2)
    assert f"{rule}{place}" in said
    assert not ended.run.exists()
    check = audit("rules", "check", tmp_path)
    assert (check.code, f"{rule}{place}" in check.err) == (2, True)
