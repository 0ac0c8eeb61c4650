"""A function of ours, run in the box by a process that never became another program."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from auditor.errors import BoxUnavailable
from auditor.internet.ca import make_ca
from auditor.sandbox.box import Box
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box
from auditor.sandbox.prepare import write_files

pytestmark = [
    pytest.mark.box,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


def tell(line, task):
    """What the process finds around itself."""
    if task["fail"]:
        raise RuntimeError("on purpose")
    descriptors = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    connection = socket.create_connection(("203.0.113.9", 7007), 5)
    facts = [
        os.readlink("/proc/self/exe"), os.getcwd(), str(os.getppid()), str(os.getuid()), str(descriptors[:4]),
        Path("/proc/self/status").read_text().partition("CapEff:\t")[2].split()[0],
    ]  # fmt: skip
    socket.send_fds(line, ["\n".join(facts).encode()], [connection.fileno()])
    line.recv(1)


@pytest.fixture
def box(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = plan_box(Wishes(command=["sh"], scratch=scratch_directory()))
    try:
        made = Box.build(plan, hand_over=lambda _role: None, errand=tell)
    except BoxUnavailable as error:
        pytest.skip(str(error))
    try:
        authority = make_ca()
        write_files(plan, authority.certificate_pem, authority.subject)
        made.furnish()
        yield made
    finally:
        made.close()


def test_it_runs_as_the_app_would_and_hands_a_socket_out(box):
    with box.send("control", {"fail": False}) as line:
        data, (descriptor,), _, _ = socket.recv_fds(line, 4096, 1)
        executable, cwd, parent, uid, descriptors, capabilities = data.decode().split("\n")
        assert executable == os.path.realpath("/proc/self/exe")
        assert (cwd, parent, int(uid)) == ("/", "1", os.getuid())
        assert descriptors.startswith("[0, 1, 2, 3")
        assert int(capabilities, 16) == 0
        with socket.socket(fileno=descriptor) as connection:
            assert connection.getpeername() == ("203.0.113.9", 7007)
        assert box.process_count() == 1
        line.send(b"+")
        assert line.recv(1) == b""
    assert box.stop_all(5)


def test_one_that_breaks_ends_and_its_line_with_it(box):
    with box.send("control", {"fail": True}) as line:
        assert line.recv(1) == b""
    assert box.stop_all(5)


def test_a_box_that_is_gone_takes_none(box):
    box.close()
    with pytest.raises(OSError, match="gone"):
        box.send("control", {"fail": False})
