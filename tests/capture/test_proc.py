from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from auditor.capture import proc


def test_ourselves():
    here = proc.stat(os.getpid())
    assert (here.pid, here.parent, here.session) == (os.getpid(), os.getppid(), os.getsid(0))
    assert here.key == f"{os.getpid()}.{here.start}"
    assert proc.executable(os.getpid()) == os.path.realpath(sys.executable)
    assert proc.directory(os.getpid()) == os.getcwd()


def test_a_name_full_of_parentheses(tmp_path):
    odd = tmp_path / ") R 1 (x"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([str(odd), "60"]) as child:
        assert proc.stat(child.pid).parent == os.getpid()
        child.kill()


def test_a_thread_belongs_to_its_process():
    found = []
    thread = threading.Thread(target=lambda: found.append(proc.leader(threading.get_native_id())))
    thread.start()
    thread.join()
    assert found == [os.getpid()]


def test_arguments_are_cut_and_always_text():
    argv = [sys.executable, "-c", "print(1, flush=True); input()", b"\xff", *["x" * 5000] * 5, *["y"] * 100]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.read(1)
        found = proc.arguments(child.pid)
        child.communicate(b"\n")
    assert found[:4] == (sys.executable, "-c", "print(1, flush=True); input()", "\\xff")
    assert max(map(len, found)) == proc.MAX_ARGUMENT
    assert len(found) <= proc.MAX_ARGUMENTS


def test_one_that_is_gone():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for look in (proc.stat, proc.leader):
        with pytest.raises(OSError, match=r"No such|"):
            look(child.pid)
    assert proc.executable(child.pid) == ""
    assert proc.arguments(child.pid) == ()
