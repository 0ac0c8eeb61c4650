from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from auditor.capture.proc import MAX_ARGUMENT
from auditor.capture.proc import MAX_ARGUMENTS
from auditor.capture.watcher import SocketWatcher
from auditor.kernel.sockdiag import SockDiag
from auditor.model.observation import AttemptDenied
from auditor.model.observation import GapNoted
from auditor.model.observation import ProcessExited
from auditor.model.observation import ProcessSeen
from auditor.model.observation import SocketCall

pytestmark = pytest.mark.box
TRUE = os.path.realpath(shutil.which("true"))


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def test_connects_and_programs_are_written_down(stage):
    stage.run(python("import socket, os; socket.socket().connect_ex(('127.0.0.1', 9)); os.system('true')"))
    seen = stage.seen()
    root, call, shell = seen[0], seen[1], seen[2]
    assert (root.event, root.parent, root.role) == ("exec", "", "app")
    assert root.executable == os.path.realpath(sys.executable)
    assert root.argv[1:3] == ("-I", "-S")
    assert root.cwd == os.getcwd()
    assert (call.call, call.process, call.family, call.type) == ("connect", root.key, "inet", "stream")
    assert (call.address, call.port, call.protocol) == ("127.0.0.1", 9, socket.IPPROTO_TCP)
    assert call.cookie > 0
    assert (shell.event, shell.parent, shell.argv) == ("exec", root.key, ("sh", "-c", "true"))
    assert {each.key: each.status for each in seen if isinstance(each, ProcessExited)}[root.key] == 0


def test_short_lived_connections_have_the_right_executable(stage, tmp_path):
    each_count = 1000
    code = f"""
import os, socket, sys
for number in range({each_count}):
    if os.fork() == 0:
        end = socket.socket(); end.connect((sys.argv[1], 8080))
        if number % 2:
            end.sendall(b'x'); end.recv(1)
        os._exit(0)
    if number % 20 == 19:
        for _ in range(20): os.wait()
"""
    programs = {}
    for address, name in (("127.0.0.2", "alpha"), ("127.0.0.3", "beta")):
        programs[address] = str(tmp_path / name)
        shutil.copy(os.path.realpath(sys.executable), tmp_path / name)
    home = f"PYTHONHOME={sys.base_prefix}"
    env = shutil.which("env")
    commands = [[env, home, path, "-S", "-c", code, address] for address, path in programs.items()]
    (netlink, server, *others), gate = stage.open_gate(*commands)
    diag = SockDiag(netlink)
    gate.send(b"go")
    server.settimeout(30)
    owners = []
    for _ in range(2 * each_count):
        end, client = server.accept()
        identity = diag.find("tcp", client, end.getsockname())
        key = stage.watcher.last_key(identity.cookie) if identity else None
        owners.append((end.getsockname()[0], key))
        end.send(b"x")
        end.close()
    for each in (netlink, server, gate, *others):
        each.close()
    executables = {each.key: each.executable for each in stage.seen(ProcessSeen)}
    wrong = [(address, key) for address, key in owners if executables.get(key) != programs[address]]
    assert len({key for _, key in owners}) == 2 * each_count
    assert wrong == []


def test_threads_are_their_process(stage):
    code = """
import socket, threading
def work():
    for _ in range(100): socket.socket().connect_ex(('127.0.0.1', 9))
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
"""
    stage.run(python(code))
    calls = stage.seen(SocketCall)
    assert len(calls) == 800
    assert len({each.process for each in calls}) == 1
    assert all(each.cookie for each in calls)
    assert len({each.cookie for each in calls}) == 800


def test_a_daemon_keeps_its_ancestors(stage):
    code = """
import os, socket, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        socket.socket().connect_ex(('127.0.0.1', 9))
        os._exit(0)
    os._exit(0)
os.wait()
"""
    stage.run(python(code))
    seen = stage.seen()
    (call,) = [each for each in seen if isinstance(each, SocketCall)]
    parents = {each.key: each.parent for each in seen if isinstance(each, ProcessSeen)}
    root = seen[0].key
    middle = parents[call.process]
    assert middle not in {"", root}
    assert parents[middle] == root


def test_a_program_that_does_not_exist_is_not_run(stage):
    stage.run([shutil.which("env"), f"PATH=/nonexistent:{os.path.dirname(TRUE)}", "true"])
    programs = [each.executable for each in stage.seen(ProcessSeen)]
    assert programs == [os.path.realpath(shutil.which("env")), TRUE]


def test_megabytes_of_arguments_are_cut(stage):
    stage.run([TRUE, *(["x" * 100_000] * 10), *(["y"] * 200)])
    (process,) = stage.seen(ProcessSeen)
    assert process.argv[1] == "x" * MAX_ARGUMENT
    assert len(process.argv) <= MAX_ARGUMENTS
    assert sum(map(len, process.argv)) <= 16 << 10


def test_names_that_are_no_text(stage, tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9"
    shutil.copy(TRUE, odd)
    code = f"""
import os, socket
socket.socket(socket.AF_UNIX).connect_ex({os.fsencode(tmp_path)!r} + b'/so\\xff')
socket.socket(socket.AF_UNIX).connect_ex(b'\\0bus\\xfe')
os.chdir({str(tmp_path)!r})
socket.socket(socket.AF_UNIX).connect_ex('relative')
os.execv({odd!r}, [b'\\xe9'])
"""
    stage.run(python(code))
    seen = stage.seen()
    addresses = [each.address for each in seen if isinstance(each, SocketCall)]
    assert addresses == [f"{tmp_path}/so\\xff", "@bus\\xfe", f"{tmp_path}/relative"]
    last = [each for each in seen if isinstance(each, ProcessSeen)][-1]
    assert (last.executable, last.argv) == (f"{tmp_path}/caf\\xe9", ("\\xe9",))


def test_a_script_is_named_itself(stage, tmp_path):
    script = tmp_path / "tool"
    script.write_text(f"#!{sys.executable} -S\nimport socket\nsocket.socket().connect_ex(('127.0.0.1', 9))\n")
    script.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(script)
    stage.run([str(link)])
    (process,) = stage.seen(ProcessSeen)
    assert process.executable == str(script)


@pytest.mark.parametrize(
    ("code", "call", "detail", "error"),
    [
        ("socket.socket(40, 1)", "socket", "AF_VSOCK, stream", "EAFNOSUPPORT"),
        ("socket.socket(17, 3, 0)", "socket", "AF_PACKET, raw", "EAFNOSUPPORT"),
        ("socket.socket(2, 3, 1)", "socket", "AF_INET, raw", "EPERM"),
        ("socket.socket(10, 10 | 0o2000000)", "socket", "AF_INET6, packet", "EPERM"),
        ("socket.socketpair(30, 1)", "socketpair", "AF_TIPC, stream", "EAFNOSUPPORT"),
        ("syscall(425, 1, 0)", "io_uring_setup", "", "ENOSYS"),
        ("syscall({'x86_64': 250, 'aarch64': 219}[os.uname().machine], 0, -3, 0)", "keyctl", "", "ENOSYS"),
        ("syscall(0x40000000 | 39)", "x32 call 39", "", "ENOSYS"),
    ],
)
def test_escapes_are_denied_and_logged_once(stage, code, call, detail, error):
    if "x32" in call and os.uname().machine != "x86_64":
        pytest.skip("x32 exists on x86_64 only")
    program = f"""
import ctypes, errno, os, socket, sys
def syscall(*arguments):
    if ctypes.CDLL(None, use_errno=True).syscall(*arguments) < 0: raise OSError(ctypes.get_errno(), '')
for _ in range(50):
    try: {code}
    except OSError as problem: assert problem.errno == errno.{error}, problem
    else: sys.exit(3)
"""
    stage.run([sys.executable, "-c", program])
    seen = stage.seen()
    assert [each.status for each in seen if isinstance(each, ProcessExited)] == [0]
    attempts = [(each.call, each.detail) for each in seen if isinstance(each, AttemptDenied)]
    assert attempts == [(call, detail)]


def test_ordinary_sockets_are_left_alone(stage):
    code = """
import socket
for arguments in ((1, 1), (1, 3), (2, 1), (2, 2), (10, 1), (16, 3, 0)): socket.socket(*arguments)
socket.socketpair()
"""
    stage.run(python(code))
    seen = stage.seen()
    assert [each for each in seen if isinstance(each, AttemptDenied)] == []
    assert [each.status for each in seen if isinstance(each, ProcessExited)] == [0]


def test_i386_calls_are_seen_too(stage, tmp_path):
    if os.uname().machine != "x86_64":
        pytest.skip("i386 calls exist on x86_64 only")
    binary = tmp_path / "i386"
    binary.write_bytes(_i386_program())
    binary.chmod(0o755)
    try:
        subprocess.run([str(binary)], check=False)
    except OSError:
        pytest.skip("this kernel runs no i386 programs")
    stage.run([str(binary)])
    seen = stage.seen()
    (call,) = [each for each in seen if isinstance(each, SocketCall)]
    assert (call.call, call.address, call.port) == ("connect", "127.0.0.1", 9)
    assert call.cookie
    assert [each.call for each in seen if isinstance(each, AttemptDenied)] == ["socketcall"]
    assert [each.status for each in seen if isinstance(each, ProcessExited)] == [7]


def _i386_program() -> bytes:
    """An ELF file that calls socket, connect, socketcall and exit_group through int 0x80."""
    base, start = 0x08048000, 0x54

    registers = b"\xb8\xbb\xb9\xba"  # eax, ebx, ecx, edx

    def set_registers(*values: int) -> bytes:
        return b"".join(struct.pack("<BI", code, each) for code, each in zip(registers, values, strict=False))

    trap = b"\xcd\x80"
    size = 20 + 2 + 2 + 20 + 2 + 15 + 2 + 10 + 2
    address = base + start + size
    code = (
        set_registers(359, 2, 1, 0) + trap
        + b"\x89\xc3" + set_registers(362, 0)[:5] + set_registers(0, 0, address, 16)[10:] + trap
        + set_registers(102, 1, address) + trap
        + set_registers(252, 7) + trap
    )  # fmt: skip
    address = base + start + len(code)
    code = code.replace(struct.pack("<I", base + start + size), struct.pack("<I", address))
    sockaddr = struct.pack("<H", 2) + struct.pack(">H", 9) + bytes([127, 0, 0, 1]) + bytes(8)
    total = start + len(code) + len(sockaddr)
    head = b"\x7fELF\1\1\1" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + start, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    head += struct.pack("<IIIIIIII", 1, 0, base, base, total, total, 5, 0x1000)
    return head + code + sockaddr


def test_sends_bind_and_listen(stage):
    code = """
import socket
end = socket.socket(2, 2)
for _ in range(100): end.sendto(b'x', ('127.0.0.1', 53))
end.sendto(b'x', ('127.0.0.1', 54))
end.connect(('127.0.0.1', 55))
for _ in range(100):
    try: end.send(b'x')
    except OSError: pass
server = socket.create_server(('127.0.0.1', 7860))
"""
    stage.run(python(code))
    calls = [(each.call, each.type, each.port) for each in stage.seen(SocketCall)]
    assert calls == [
        ("sendto", "dgram", 53), ("sendto", "dgram", 54), ("connect", "dgram", 55),
        ("bind", "stream", 7860), ("listen", "stream", 7860),
    ]  # fmt: skip


def test_a_served_port_is_marked_in_the_shared_table(stage):
    code = """
import socket
server = socket.create_server(('127.0.0.1', 7860))
client = socket.create_connection(('127.0.0.1', 8080))
"""
    stage.run(("control", python(code)))
    server, _, client = (each for each in stage.seen(SocketCall) if each.call != "listen" or each.port)
    assert stage.watcher.use_of(server.cookie).serves
    use = stage.watcher.use_of(client.cookie)
    assert (use.process, use.role, use.serves) == (client.process, "control", False)
    assert stage.watcher.use_of(123_456_789) is None


def test_two_hundred_processes_at_once(stage):
    code = """
import os, socket
children = 0
for _ in range(200):
    if os.fork() == 0:
        socket.socket().connect_ex(('127.0.0.1', 9))
        os._exit(5)
    children += 1
for _ in range(children): os.wait()
"""
    stage.run(python(code))
    seen = stage.seen()
    calls = {each.process for each in seen if isinstance(each, SocketCall)}
    exits = [each.key for each in seen if isinstance(each, ProcessExited) and each.status == 5]
    assert len(calls) == 200
    assert set(exits) == calls
    root = seen[0].key
    assert {each.parent for each in seen if isinstance(each, ProcessSeen) and each.key in calls} == {root}


def test_listeners_of_several_roles(stage):
    stage.run(("control", [TRUE]), ("reference", [TRUE]), ("app", [TRUE]))
    assert {each.role for each in stage.seen(ProcessSeen)} == {"control", "reference", "app"}


def test_without_its_watcher_the_app_fails_closed(stage, tmp_path):
    code = f"""
import socket, time
with open({str(tmp_path / "result")!r}, 'w') as result:
    time.sleep(1)
    result.write(str(socket.socket().connect_ex(('127.0.0.1', 9))))
"""
    stage.run(python(code), wait=False)
    time.sleep(0.6)
    watcher = stage.watcher._worker
    os.kill(watcher.pid, signal.SIGKILL)
    assert select.select([watcher._pidfd], [], [], 5)[0]
    assert not stage.watcher.alive
    gaps = stage.seen(GapNoted)
    assert [each.blinds for each in gaps] == [True]
    assert "died" in gaps[0].text
    assert (tmp_path / "result").read_text() == str(errno.ENOSYS)


def test_it_dies_with_its_supervisor():
    code = """
import time
from auditor.capture.watcher import SocketWatcher
watcher = SocketWatcher.fork()
print(watcher._worker.pid, flush=True)
time.sleep(60)
"""
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    pid = int(supervisor.stdout.readline())
    pidfd = os.pidfd_open(pid)
    supervisor.kill()
    supervisor.communicate()
    assert select.select([pidfd], [], [], 5)[0]
    os.close(pidfd)


def test_stopping_an_idle_watcher_leaves_no_gap(stage):
    assert stage.seen() == []
    assert isinstance(stage.watcher, SocketWatcher)
