from __future__ import annotations

import os
import subprocess
import sys

import pytest

from auditor.kernel import syscalls


def test_errors_carry_the_name_of_the_call_and_its_number():
    with pytest.raises(OSError, match="unshare: Invalid argument"):
        syscalls.unshare(1)
    with pytest.raises(OSError, match="setns: Bad file descriptor"):
        syscalls.setns(-1)
    with pytest.raises(FileNotFoundError, match="unmount /no/such/place"):
        syscalls.unmount("/no/such/place")
    with pytest.raises(OSError, match="prctl 99999"):
        syscalls.prctl(99999)


def test_the_name_of_this_process_can_be_set():
    source = (
        "import ctypes; from auditor.kernel import syscalls;"
        "name = ctypes.create_string_buffer(b'quiet'); "
        "syscalls.prctl(syscalls.PR_SET_NAME, ctypes.addressof(name));"
        "print(open('/proc/self/comm').read())"
    )
    assert subprocess.check_output([sys.executable, "-c", source], text=True).split() == ["quiet"]


def test_a_process_is_held_by_a_descriptor():
    read, write = os.pipe()
    with subprocess.Popen(["sleep", "60"], pass_fds=[write]) as process:
        pidfd = syscalls.pidfd_open(process.pid)
        copy = syscalls.pidfd_getfd(pidfd, write)
        assert os.fstat(copy).st_ino == os.fstat(read).st_ino
        assert not os.get_inheritable(copy)
        process.kill()
    for descriptor in (pidfd, copy, read, write):
        os.close(descriptor)
    with pytest.raises(ProcessLookupError, match="pidfd_open"):
        syscalls.pidfd_open(2**22 + 1)


def test_every_descriptor_from_one_on_is_closed():
    source = (
        "import os; from auditor.kernel import syscalls;"
        "kept = [os.dup(1) for _ in range(20)];"
        "syscalls.close_from(kept[3]);"
        "print([number - kept[0] for number in kept if os.path.exists(f'/proc/self/fd/{number}')])"
    )
    assert subprocess.check_output([sys.executable, "-c", source], text=True) == "[0, 1, 2]\n"


@pytest.mark.box
def test_mounts_stay_in_their_namespace_and_can_be_taken_away(alone, tmp_path):
    output = alone(
        """
os.mkdir("place")
syscalls.mount("none", "place", "tmpfs", syscalls.MS_NOSUID, "size=64k,mode=700")
Path("place/file").write_text("x")
print(os.listdir("place"))
syscalls.unmount("place")
print(os.listdir("place"))
"""
    )
    assert output == "['file']\n[]\n"
    assert list((tmp_path / "place").iterdir()) == []


@pytest.mark.box
def test_read_only_means_everything_below(alone):
    output = alone(
        """
os.makedirs("tree/inner")
syscalls.mount("tree", "tree", None, syscalls.MS_BIND)
syscalls.mount("none", "tree/inner", "tmpfs")
syscalls.make_readonly("tree")
for name in ("tree/file", "tree/inner/file"):
    try:
        open(name, "w")
    except OSError as error:
        print(error.strerror)
"""
    )
    assert output == "Read-only file system\n" * 2


@pytest.mark.box
def test_a_new_root_is_all_there_is(alone):
    output = alone(
        """
os.mkdir("root")
syscalls.mount("none", "root", "tmpfs")
Path("root/only").touch()
syscalls.enter_root(os.path.abspath("root"))
print(os.listdir("/"), os.getcwd())
"""
    )
    assert output == "['only'] /\n"


@pytest.mark.box
def test_capabilities_are_gone_for_good(alone):
    output = alone(
        """
syscalls.drop_all_capabilities()
sets = [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")]
print(sets == ["0" * 16] * 5)
for attempt in (lambda: syscalls.mount("none", "/tmp", "tmpfs"), lambda: socket.sethostname("x")):
    try:
        attempt()
    except PermissionError:
        print("refused")
"""
    )
    assert output == "True\nrefused\nrefused\n"
