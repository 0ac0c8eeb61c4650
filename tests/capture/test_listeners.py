from __future__ import annotations

import sys
import threading
import time

import pytest

from auditor.capture.listeners import ListenerPoller
from auditor.capture.sockets import InodeOwners
from auditor.capture.sockets import SocketFinder
from auditor.capture.sockets import descendants
from auditor.kernel.sockdiag import SockDiag
from auditor.model.observation import ListenerSeen
from auditor.model.observation import SocketCall

CODE = """
import socket, time
time.sleep(0.3)
server = socket.create_server(('127.0.0.1', 7860))
everywhere = socket.create_server(('::', 7861), family=10)
served = socket.socket(2, 2); served.bind(('0.0.0.0', 5353))
client = socket.socket(2, 2); client.sendto(b'x', ('127.0.0.1', 8080))
other = socket.socket(2, 2); other.bind(('', 0))
time.sleep(0.5)
"""


@pytest.mark.box
def test_listeners_are_noticed_at_once_and_once(stage):
    (netlink, *servers), gate = stage.open_gate([sys.executable, "-I", "-S", "-c", CODE])
    for each in servers:
        each.close()
    diag = SockDiag(netlink)
    finder = SocketFinder(diag, stage.watcher.use_of, InodeOwners(lambda: descendants(stage.children[0])))
    poller = ListenerPoller(diag, finder, stage.watcher.use_of)
    delays: dict[int, float] = {}

    def note(entry):
        if isinstance(entry.what, (SocketCall, ListenerSeen)):
            delays[entry.what.port] = time.monotonic() - delays.get(entry.what.port, 0)

    stage.journal.subscribe(poller.notice)
    stage.journal.subscribe(note)
    thread = threading.Thread(target=poller.run, args=(stage.journal,))
    thread.start()
    gate.send(b"go")
    time.sleep(1.0)
    poller.stop()
    thread.join(10)
    netlink.close()
    gate.close()
    seen = stage.seen()
    app = next(each.key for each in seen if each.kind == "process.seen")
    listeners = [(each.transport, each.address, each.port) for each in seen if isinstance(each, ListenerSeen)]
    assert ("tcp", "127.0.0.1", 7860) in listeners
    assert ("tcp", "::", 7861) in listeners
    assert ("udp", "0.0.0.0", 5353) in listeners
    assert len(set(listeners)) == len(listeners)
    # The sockets that the test itself made for the box are tcp; its udp one and both clients are not listed.
    assert {port for transport, _, port in listeners if transport == "udp"} == {5353}
    assert {
        each.owner for each in seen if isinstance(each, ListenerSeen) and each.port in (7860, 7861, 5353)
    } == {app}
    assert {each.role for each in seen if isinstance(each, ListenerSeen)} == {"app"}
