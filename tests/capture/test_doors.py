"""Sockets and pipes of the host that a program of the box asks for, with a real watcher between them."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from auditor.capture.calls import Address
from auditor.capture.doors import MAX_OWN
from auditor.capture.doors import Doors
from auditor.model.observation import AttemptDenied
from auditor.model.observation import ProcessExited


def attempts(stage, code: str) -> list[tuple[str, str]]:
    """What a program that ran to its end was noted for."""
    stage.run([sys.executable, "-S", "-c", code])
    seen = stage.seen()
    assert [each.status for each in seen if isinstance(each, ProcessExited)] == [0]
    return [(each.call, each.detail) for each in seen if isinstance(each, AttemptDenied)]


@pytest.fixture
def service(tmp_path):
    """A service of the host, listening in `tmp_path`."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "service.sock"))
        server.listen()
        server.settimeout(0)
        yield server


@pytest.mark.parametrize("folder", ["", "/link"])
def test_a_service_of_the_host_is_refused(make_stage, tmp_path, service, folder):
    (tmp_path / "link").symlink_to(tmp_path)
    path = f"{tmp_path}{folder}/service.sock"
    code = f"""
import errno, socket
assert socket.socket(1, 1).connect_ex({path!r}) == errno.ECONNREFUSED
"""
    assert attempts(make_stage(trees=()), code) == [
        ("connect", f"unix socket {path} (a service of this machine)")
    ]
    with pytest.raises(BlockingIOError):
        service.accept()


def test_in_a_tree_of_the_box_it_is_only_noted(make_stage, tmp_path, service):
    """There an overlay lies over it, which connects nobody."""
    path = f"{tmp_path}/service.sock"
    code = f"import socket; assert socket.socket(1, 1).connect_ex({path!r}) == 0"
    assert attempts(make_stage(trees=(str(tmp_path),)), code) == [
        ("connect", f"unix socket {path} (hidden by the box)")
    ]


def test_sockets_of_the_box_are_its_own_business(make_stage, tmp_path):
    code = f"""
import os, socket
os.chdir({str(tmp_path)!r})
for name in ('plain', {str(tmp_path)!r} + '/absolute', '\\0abstract'):
    server = socket.socket(1, 1); server.bind(name); server.listen()
    assert socket.socket(1, 1).connect_ex(name) == 0
os.mkdir('sub'); os.rename('plain', 'sub/moved'); os.symlink('sub', 'link')
server = socket.socket(1, 1); server.bind('again'); server.listen()
os.rename('again', 'moved'); os.symlink('moved', 'other')
assert socket.socket(1, 1).connect_ex('moved') == 0
assert socket.socket(1, 1).connect_ex('link/../other') == 0
assert socket.socket(1, 1).connect_ex('never.sock') > 0
"""
    assert attempts(make_stage(trees=(str(tmp_path),)), code) == []


@pytest.mark.parametrize(
    "path", ["/run/nobody-here.sock", "/var/run/nobody-here.sock", "/tmp/.X11-unix/X987"]
)
def test_to_look_for_a_service_in_vain_is_noted(stage, path):
    code = f"import socket; assert socket.socket(1, 1).connect_ex({path!r}) > 0"
    assert attempts(stage, code) == [("connect", f"unix socket {path} (not there in the box)")]


def test_an_abstract_name_that_nobody_in_the_box_has(stage):
    code = "import socket; assert socket.socket(1, 2).connect_ex('\\0/tmp/.X11-unix/X987') > 0"
    assert attempts(stage, code) == [
        ("connect", "unix socket @/tmp/.X11-unix/X987 (abstract, not in the box)")
    ]


def test_the_null_device_in_the_place_of_a_socket(stage):
    code = "import socket; assert socket.socket(1, 1).connect_ex('/dev/null') > 0"
    assert attempts(stage, code) == [("connect", "unix socket /dev/null (hidden by the box)")]


def test_a_named_pipe_of_the_host_is_refused(make_stage, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    code = f"""
import os
try: os.open({str(pipe)!r}, os.O_WRONLY)
except PermissionError: pass
else: raise SystemExit(3)
"""
    assert attempts(make_stage(trees=()), code) == [("openat", f"named pipe {pipe} (of this machine)")]
    assert os.read(reader, 9) == b""
    os.close(reader)


def test_a_named_pipe_of_the_box_is_its_own(make_stage, tmp_path):
    pipe = tmp_path / "pipe"
    code = f"import os; os.mkfifo({str(pipe)!r}); os.open({str(pipe)!r}, os.O_RDWR)"
    assert attempts(make_stage(trees=(str(tmp_path),)), code) == []


def test_a_set_user_id_program_gains_nothing_and_is_noted(stage, tmp_path):
    program = tmp_path / "gain"
    program.write_bytes(b"#!/bin/true\n")
    program.chmod(0o4755)
    if not program.stat().st_mode & 0o4000:
        pytest.skip("no set-user-ID bits here")
    stage.run([str(program)])
    assert [(each.call, each.detail) for each in stage.seen(AttemptDenied)] == [
        ("execve", f"{program} (set-user-ID)")
    ]


def test_only_so_many_names_are_remembered():
    doors = Doors(("/tmp",))
    for number in range(MAX_OWN + 10):
        doors.bound(os.getpid(), Address("unix", f"@{number}"))
    assert doors.socket(os.getpid(), Address("unix", f"@{MAX_OWN - 1}")) is None
    assert doors.socket(os.getpid(), Address("unix", f"@{MAX_OWN}")) is not None
