from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.box


def test_the_app_has_no_privileges_and_cannot_get_any(standing) -> None:
    source = "print(open('/proc/self/status').read())"
    status, output = standing.python(source)
    assert status == "exit 0"
    fields = dict(line.split(":\t", 1) for line in output.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}


@pytest.fixture
def sudo(make_box, monkeypatch):
    """A box as under sudo: we are root, the app is the user who called."""
    if os.geteuid() != 0:
        pytest.skip("only root runs programs of another user")
    monkeypatch.setenv("SUDO_UID", "65534")
    monkeypatch.setenv("SUDO_GID", "65534")
    return make_box()


def test_under_sudo_the_app_is_the_user_who_called(sudo) -> None:
    said = sudo.run("grep", "-E", "^(Uid|Gid|Groups|Cap)", "/proc/self/status")[1]
    fields = dict(line.split(":", 1) for line in said.splitlines())
    assert fields["Uid"].split() == fields["Gid"].split() == ["65534"] * 4
    assert "0" not in fields["Groups"].split()
    assert {fields[name].strip() for name in fields if name.startswith("Cap")} == {"0" * 16}
    assert sudo.run("sh", "-c", "echo hello >/dev/tty") == ("exit 0", "hello\n")


def test_under_sudo_the_app_can_be_stopped_and_given_files(sudo) -> None:
    sudo.box.write_file("/tmp/given.txt", b"for you", 0o600)
    assert sudo.run("cat", "/tmp/given.txt") == ("exit 0", "for you")
    sudo.run("sh", "-c", "setsid sleep 100 & sleep 0.2")
    assert sudo.box.process_count() >= 1
    assert sudo.box.stop_all(2) is True


def test_the_box_has_its_own_identity(standing) -> None:
    source = (
        "import socket,pwd,os,json;"
        "print(json.dumps([socket.gethostname(),open('/etc/machine-id').read().strip(),"
        "pwd.getpwuid(os.getuid()).pw_name,open('/sys/class/net/eth0/address').read().strip(),"
        "socket.gethostbyname(socket.gethostname())]))"
    )
    identity = standing.box.plan.identity
    host, machine, user, mac, address = json.loads(standing.python(source)[1])
    assert (host, user, mac, address) == (identity.host_name, identity.user_name, identity.mac, "127.0.1.1")
    if Path("/etc/machine-id").exists():
        assert machine == identity.machine_id
    assert host != socket.gethostname()


def test_writes_are_kept_from_the_disk_and_found_in_the_upper(make_box, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.txt").write_text("before")
    standing = make_box()
    source = (
        "open('new.txt','w').write('x');open('old.txt','a').write(' after');print(open('old.txt').read())"
    )
    status, output = standing.python(source)
    assert (status, output) == ("exit 0", "before after\n")
    assert (tmp_path / "old.txt").read_text() == "before"
    assert not (tmp_path / "new.txt").exists()
    layer = max(
        (item for item in standing.box.plan.layers if str(tmp_path).startswith(item.mount)),
        key=lambda item: len(item.mount),
    )
    upper = Path(layer.upper + str(tmp_path)[len(layer.mount) :])
    assert (upper / "new.txt").read_text() == "x"
    assert (upper / "old.txt").read_text() == "before after"


def test_the_rest_of_the_disk_is_read_only(standing) -> None:
    status, output = standing.python("open('/usr/probe','w')")
    assert status == "exit 1"
    assert "Read-only file system" in output or "Permission denied" in output


def test_settings_of_the_kernel_cannot_be_written(standing) -> None:
    for name in ("/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward", "/proc/sysrq-trigger"):
        if Path(name).exists():
            output = standing.python(f"import os;os.open({name!r},os.O_WRONLY)")[1]
            assert "Read-only file system" in output or "Permission denied" in output


def test_other_processes_of_the_host_are_not_there(standing) -> None:
    source = "import os;print(sorted(int(n) for n in os.listdir('/proc') if n.isdigit()))"
    assert json.loads(standing.python(source)[1])[0] == 1
    assert len(json.loads(standing.python(source)[1])) == 2
    assert "audit" not in standing.python("print(open('/proc/1/cmdline').read())")[1]
    assert "pytest" not in standing.python("print(open('/proc/1/cmdline').read())")[1]


def test_pid_1_cannot_be_looked_into(standing) -> None:
    for name in ("environ", "mem", "maps"):
        assert "Permission denied" in standing.python(f"open('/proc/1/{name}','rb').read()")[1]
    source = "import os;[print(os.readlink(f'/proc/1/fd/{n}')) for n in range(20)]"
    assert "Permission denied" in standing.python(source)[1]


def test_sockets_of_the_host_are_out_of_reach(make_box, tmp_path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server, socket.create_server(("127.0.0.1", 0)) as loopback:
        server.bind(str(path))
        server.listen()
        abstract = f"\0probe-{os.getpid()}"
        hidden = socket.socket(socket.AF_UNIX)
        hidden.bind(abstract)
        hidden.listen()
        standing = make_box(writable=[tmp_path])
        for target in (repr(str(path)), repr(abstract)):
            output = standing.python(f"import socket;socket.socket(socket.AF_UNIX).connect({target})")[1]
            assert "Error" in output
        port = loopback.getsockname()[1]
        source = f"import socket;socket.create_connection(('127.0.0.1',{port}),2)"
        assert "ConnectionRefusedError" in standing.python(source)[1]
        hidden.close()


def test_a_socket_on_the_read_only_part_of_the_disk_is_out_of_reach(make_box) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has a place for a socket that no overlay covers")
    with tempfile.TemporaryDirectory(dir="/usr/local") as folder, socket.socket(socket.AF_UNIX) as server:
        path = f"{folder}/s"
        server.bind(path)
        server.listen()
        with socket.socket(socket.AF_UNIX) as outside:
            outside.connect(path)
        source = f"import socket;socket.socket(socket.AF_UNIX).connect({path!r})"
        assert "ConnectionRefusedError" in make_box().python(source)[1]


def test_no_descriptor_is_inherited(standing) -> None:
    assert json.loads(
        standing.python("import os;print(sorted(map(int,os.listdir('/proc/self/fd')))[:-1])")[1]
    ) == [
        0,
        1,
        2,
    ]


def test_hidden_directories_are_empty(make_box, tmp_path) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "secret").write_text("x")
    standing = make_box(hidden=[tmp_path / "evidence"])
    assert "Error" in standing.python(f"open('{tmp_path}/evidence/secret')")[1]
    assert "secret" not in standing.python(f"import os;print(os.listdir('{tmp_path}/evidence'))")[1]


def test_a_missing_program_is_an_error_with_its_number(standing) -> None:
    with pytest.raises(OSError, match="No such file") as caught:
        standing.box.spawn(["/usr/bin/no-such-program-at-all"], role="app")
    assert caught.value.errno == errno.ENOENT
    assert standing.run("true")[0] == "exit 0"


def test_statuses_and_signals_are_told(standing) -> None:
    assert standing.run("sh", "-c", "exit 7")[0] == "exit 7"
    assert standing.run("sh", "-c", "kill -9 $$")[0] == "signal 9 (SIGKILL)"


def test_daemons_are_counted_and_stopped(standing) -> None:
    standing.run("sh", "-c", "setsid sleep 100 & setsid sh -c 'trap \"\" TERM; sleep 100' & sleep 0.2")
    assert standing.box.process_count() >= 2
    assert standing.box.stop_all(0.3) is False  # one of them does not listen to SIGTERM
    assert standing.box.process_count() == 0


def test_standard_input_and_environment(standing) -> None:
    read, write = os.pipe()
    os.write(write, b"hello\n")
    os.close(write)
    status, output = standing.run("cat", stdin=read)
    os.close(read)
    assert (status, output) == ("exit 0", "hello\n")
    output = standing.run("env")[1]
    assert "SSH_AUTH_SOCK" not in output
    assert f"USER={standing.box.plan.identity.user_name}" in output


def test_every_tcp_address_ends_at_the_gateway(standing) -> None:
    for family, address in ((4, "192.0.2.9"), (6, "2001:db8::9")):
        listener = standing.box.sockets[f"tcp{family}"]
        listener.settimeout(10)
        program = standing.box.spawn(
            [
                sys.executable,
                "-c",
                f"import socket;s=socket.create_connection(('{address}',4321));s.send(b'hi');print(s.recv(9))",
            ],
            role="app",
        )
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockname()[:2] == (address, 4321)
            assert connection.recv(9) == b"hi"
            connection.send(b"there")
        assert program.wait(10)
        assert os.read(program.output, 99) == b"b'there'\n"
        program.close()


def test_datagrams_are_answered_from_the_address_they_were_sent_to(standing) -> None:
    source = (
        "import socket;s=socket.socket(socket.{0},socket.SOCK_DGRAM);s.settimeout(10);"
        "s.sendto(b'q',('{1}',5353));print(s.recvfrom(9)[1][:2])"
    )
    for number, (family, address) in enumerate((("AF_INET", "192.0.2.9"), ("AF_INET6", "2001:db8::9"))):
        listener = standing.box.sockets[("udp4", "udp6")[number]]
        listener.settimeout(10)
        program = standing.box.spawn([sys.executable, "-c", source.format(family, address)], role="app")
        _data, ancillary, _flags, peer = listener.recvmsg(99, 99)
        assert ancillary
        with standing.box.reply_socket(getattr(socket, family), (address, 5353), peer[:2]) as reply:
            reply.send(b"answer")
        assert program.wait(10)
        assert os.read(program.output, 99).decode() == f"{(address, 5353)}\n"
        program.close()


def test_a_port_of_the_app_can_be_reached_from_outside(standing) -> None:
    source = (
        "import socket;s=socket.create_server(('127.0.0.1',8123));print('up',flush=True);"
        "c,_=s.accept();c.send(b'served');c.close()"
    )
    program = standing.box.spawn([sys.executable, "-c", source], role="app")
    assert os.read(program.output, 2) == b"up"
    with standing.box.connect(8123) as connection:
        assert connection.recv(99) == b"served"
    assert program.wait(5)
    program.close()
    with pytest.raises(OSError, match="refused"):
        standing.box.connect(8124)


def test_offline_is_a_pulled_cable(make_box) -> None:
    standing = make_box(offline=True)
    assert (
        "Network is unreachable"
        in standing.python("import socket;socket.create_connection(('192.0.2.1',80))")[1]
    )


_VICTIM = """
import sys, time
sys.path[:0] = {path!r}
import os
from pathlib import Path
from conftest import build
box = build(Path(sys.argv[1]))
program = box.spawn(["sh", "-c", "setsid sleep 1000 & sleep 1000"], role="app")
print(box.plan.scratch, flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 0.8])
def test_nothing_is_left_when_the_supervisor_is_killed(delay_s: float, tmp_path) -> None:
    path = [str(Path(__file__).parent), *sys.path]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as base:
        with subprocess.Popen(
            [sys.executable, "-c", _VICTIM.format(path=path), base], stdout=subprocess.PIPE, cwd=tmp_path
        ) as victim:
            time.sleep(0.2 + delay_s)
            family = _family(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and (_alive(family) or os.listdir(base)):
            time.sleep(0.05)
        assert _alive(family) == []
        assert os.listdir(base) == []


def _alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in family if process.is_running()]


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []
