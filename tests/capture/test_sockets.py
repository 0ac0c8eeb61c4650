from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from auditor.capture import proc
from auditor.capture.cookies import SocketUse
from auditor.capture.sockets import InodeOwners
from auditor.capture.sockets import SocketFinder
from auditor.capture.sockets import descendants
from auditor.kernel.sockdiag import UNKNOWN_SOCKET
from auditor.kernel.sockdiag import SockDiag
from auditor.model.observation import SocketCall


def finder(diag, use_of=lambda _: None, processes=lambda: [os.getpid()]) -> SocketFinder:
    return SocketFinder(diag, use_of, InodeOwners(processes))


@pytest.fixture
def diag():
    made = SockDiag()
    yield made
    made.close()


def test_a_socket_that_no_call_named_is_found_by_inode(diag):
    found = finder(diag)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, 2) as client,
    ):
        server.bind(("127.0.0.1", 0))
        client.sendmsg([b"x"], [], 0, server.getsockname())
        _, source = server.recvfrom(1)
        identity = found.identify("udp", source, server.getsockname())
        assert found.owner(identity) == proc.stat(os.getpid()).key
        assert found.user(identity) == (proc.stat(os.getpid()).key, "")


def test_a_socket_that_the_watcher_knows_is_not_searched(diag):
    def search():
        raise AssertionError

    use = SocketUse(process="1.2", role="control", serves=False)
    found = finder(diag, lambda _: use, search)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        end, _ = server.accept()
        identity = found.identify("tcp", client.getsockname(), end.getsockname())
        end.close()
    assert identity.cookie > 0
    assert found.owner(identity) is None
    assert found.user(identity) == ("1.2", "control")


def test_what_is_gone_is_unknown(diag):
    found = finder(diag)
    assert found.identify("tcp", ("127.0.0.1", 1), ("127.0.0.1", 2)) == UNKNOWN_SOCKET
    assert found.owner(UNKNOWN_SOCKET) is None
    diag.close()
    assert found.identify("tcp", ("127.0.0.1", 1), ("127.0.0.1", 2)) == UNKNOWN_SOCKET


def test_misses_do_not_scan_all_the_time():
    scans = []
    owners = InodeOwners(lambda: scans.append(1) or range(1, 2000))
    for _ in range(1000):
        assert owners.owner(4_000_000_000) is None
    assert len(scans) < 500


def test_descendants_parents_first():
    code = "import os, time; os.fork() or os.fork(); os.write(1, b'%d\\n' % os.getpid()); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        pids = {int(child.stdout.readline()) for _ in range(3)}
        found = descendants(os.getpid())
        assert pids <= set(found)
        assert descendants(child.pid)[0] in pids - {child.pid}
        for pid in pids:
            os.kill(pid, 9)
    assert descendants(2**22 + 1) == []


@pytest.mark.box
def test_sendmsg_in_the_box_is_attributed_by_inode(stage):
    code = """
import socket, time
end = socket.socket(2, 2)
end.sendmsg([b'x'], [], 0, ('127.0.0.1', 8080))
end.recv(1)
"""
    (netlink, server, server6, udp), gate = stage.open_gate([sys.executable, "-I", "-S", "-c", code])
    diag = SockDiag(netlink)
    gate.send(b"go")
    _, client = udp.recvfrom(10)
    found = finder(diag, stage.watcher.use_of, lambda: descendants(stage.children[0]))
    identity = found.identify("udp", client, ("127.0.0.1", 8080))
    key = found.owner(identity)
    udp.sendto(b"y", client)
    for each in (netlink, server, server6, udp, gate):
        each.close()
    seen = stage.seen()
    assert [each for each in seen if isinstance(each, SocketCall)] == []
    assert key == seen[0].key
