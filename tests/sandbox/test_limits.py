"""What the box may take of the machine: where its control group goes, and that the bounds hold."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from auditor.sandbox import limits

MOUNTS_1 = """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
40 31 0:36 {root} /sys/fs/cgroup/pids rw,relatime shared:3 - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


@pytest.mark.parametrize(
    ("root", "own", "place"),
    [
        ("/", "/", "/sys/fs/cgroup/pids"),
        ("/", "/user.slice/x", "/sys/fs/cgroup/pids/user.slice/x"),
        ("/docker/abc", "/docker/abc", "/sys/fs/cgroup/pids"),
    ],
)
def test_version_1_has_a_hierarchy_of_its_own_for_it(root, own, place):
    groups = f"9:cpu,cpuacct:/elsewhere\n8:pids:{own}\n0::/other\n"
    assert limits.parent_group(groups, MOUNTS_1.format(root=root)) == Path(place)


@pytest.mark.parametrize(
    ("delegates", "place"), [("a", "a"), ("a/b", "a/b"), ("", ""), ("a/b/c", "a/b/c"), (None, None)]
)
def test_version_2_takes_the_nearest_that_delegates(tmp_path, delegates, place):
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    for folder in ("", "a", "a/b", "a/b/c"):
        (tmp_path / folder / "cgroup.subtree_control").write_text("cpu memory\n")
    if delegates is not None:
        (tmp_path / delegates / "cgroup.subtree_control").write_text("cpu pids\n")
    mounts = f"31 23 0:28 / {tmp_path} rw - cgroup2 cgroup2 rw\n"
    found = limits.parent_group("0::/a/b/c\n", mounts)
    assert found == (None if place is None else tmp_path / place)


@pytest.mark.parametrize("groups", ["", "1:cpu:/\n", "garbage\n"])
def test_no_control_groups_no_place(groups):
    assert limits.parent_group(groups, MOUNTS_1.format(root="/")) is None
    with pytest.raises(FileNotFoundError):
        limits.Cage.make("x", None)


def test_a_cage_that_cannot_be_made_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        limits.Cage.make("x/y", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("release", "counts"),
    [
        ("5.14.0-70.el9", True),
        ("6.1.0-13-amd64", True),
        ("5.13.19", False),
        ("4.18.0", False),
        ("odd", False),
    ],
)
def test_which_kernels_count_by_namespace(release, counts):
    assert limits.counts_by_namespace(release) is counts


def test_a_lower_bound_that_holds_already_stays():
    read, write = os.pipe()
    if os.fork() == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (99, 99))
        limits.impose(own_user_namespace=True)
        os.write(write, repr([resource.getrlimit(kind) for kind in (4, 6)]).encode())
        os._exit(0)
    os.wait()
    assert os.read(read, 99) == b"[(0, 0), (99, 99)]"
    os.close(read)
    os.close(write)


FORK = """
import os, signal, sys, threading, time
children, threads = 0, 0
try:
    while children < {most} + 50:
        if os.fork() == 0: time.sleep(60); os._exit(0)
        children += 1
except OSError as error:
    assert error.errno == 11, error
print(children, flush=True)
"""
THREADS = """
import threading, time
threads = 0
try:
    while threads < {most} + 50:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        threads += 1
except RuntimeError:
    pass
print(threads, flush=True)
import os; os._exit(0)
"""


@pytest.mark.box
@pytest.mark.parametrize("code", [FORK, THREADS], ids=["processes", "threads"])
def test_no_more_tasks_than_the_bound(make_box, monkeypatch, code):
    monkeypatch.setattr(limits, "MAX_TASKS", 150)
    standing = make_box()
    if standing.box.cage is None and os.geteuid() == 0:
        pytest.skip("; ".join(standing.box.notes))
    status, output = standing.python(code.format(most=150))
    assert status == "exit 0", output
    assert 100 < int(output) < 150
    standing.box.stop_all(0)
    assert standing.run("true")[0] == "exit 0"


@pytest.mark.box
def test_a_nested_user_namespace_does_not_lift_the_bound(make_box, monkeypatch):
    monkeypatch.setattr(limits, "MAX_TASKS", 150)
    standing = make_box()
    if standing.box.cage is None and os.geteuid() == 0:
        pytest.skip("; ".join(standing.box.notes))
    code = "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0\n" + FORK
    status, output = standing.python(code.format(most=150))
    assert status == "exit 0", output
    assert int(output) < 150


@pytest.mark.box
def test_the_box_dies_first_and_leaves_no_core_dump(standing):
    source = (
        "import resource as r;print(open('/proc/self/oom_score_adj').read().strip(), r.getrlimit(r.RLIMIT_CORE));"
        "r.setrlimit(r.RLIMIT_CORE, (-1, -1))"
    )
    _, output = standing.python(source)
    assert output.startswith(f"{limits.OOM_SCORE} (1, 1)"), output
    assert "not allowed to raise maximum limit" in output
    assert (
        standing.python("print(open('/proc/1/oom_score_adj').read())")[1].strip()
        == Path("/proc/self/oom_score_adj").read_text().strip()
    )


@pytest.mark.box
def test_its_memory_file_systems_are_bounded(standing):
    source = (
        "import os;print(*(s.f_blocks*s.f_frsize>>20 for s in map(os.statvfs, ('/dev', '/run', '/dev/shm'))))"
    )
    small, run, shared = map(int, standing.python(source)[1].split())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    assert small == 1
    assert run <= memory // 9
    assert shared <= memory // 2 + 1
