from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.model import observation as o
from auditor.model.process import NOBODY


def listen(run, address, port=8000, owner="10.1", role="app"):
    run.write(o.ListenerSeen(transport="tcp", address=address, port=port, inode=1, owner=owner, role=role))


@pytest.mark.parametrize(
    ("address", "exposure"),
    [("127.0.0.1", "loopback"), ("::1", "loopback"), ("0.0.0.0", "all-interfaces"), ("::", "all-interfaces"),
     ("192.168.77.23", "lan")],
)  # fmt: skip
def test_exposure(run, address, exposure):
    listen(run, address)
    listen(run, address)
    [listener] = classify(run.seal()).listeners
    assert (listener.exposure, listener.process.attribution, listener.phase) == (exposure, "inode", "start")


def test_listener_of_nobody(run):
    listen(run, "127.0.0.1", owner="")
    listen(run, "127.0.0.1", 9000, role="control")
    [listener] = classify(run.seal()).listeners
    assert listener.process == NOBODY


def test_attempts_carry_their_process(run):
    run.write(o.AttemptDenied(process="10.1", call="io_uring_setup", detail="denied", role="app"))
    run.write(o.AttemptDenied(process="20.1", call="socket", detail="vsock", role="control"))
    [attempt] = classify(run.seal()).attempts
    assert (attempt.call, attempt.process.executable) == ("io_uring_setup", "/usr/bin/python3.11")


def test_file_facts(run):
    run.file("/home/x/a", b"hello")
    run.write(o.FileChanged(path="/home/x/l", change="created", bytes=0, type="symlink", mode=0o120777, mtime=0.0,
                            sha256="", content="", complete=True, target="/etc/passwd"))  # fmt: skip
    file, link = classify(run.seal()).files
    assert file.metadata == ("mode 0600",)
    assert file.evidence[1] == f"files/{file.content}"
    assert link.metadata == ("symlink", "mode 0777", "points to /etc/passwd")
