from __future__ import annotations

import errno
import os
import select
import signal
import socket
import struct

import pytest

from auditor.kernel import notify
from auditor.kernel import syscalls
from auditor.kernel.notify import Notification
from auditor.kernel.seccomp import POLICY
from auditor.kernel.seccomp import WATCH
from auditor.kernel.seccomp import Arch
from auditor.kernel.seccomp import Scope
from auditor.kernel.seccomp import install_and_hand_over
from auditor.kernel.seccomp import program

ALLOW, NOTIFY, KILL = 0x7FFF0000, 0x7FC00000, 0x80000000
MACHINES = {"x86_64": (Arch.X86_64, Arch.I386), "aarch64": (Arch.AARCH64,)}
# Not in the table, and never to be trapped: read, write, sendmsg, sendmmsg, close, clone.
HARMLESS = {
    Arch.X86_64: (0, 1, 46, 307, 3, 56),
    Arch.I386: (3, 4, 370, 345, 6, 120),
    Arch.AARCH64: (63, 64, 211, 269, 57, 220),
}


def run(code: bytes, arch: int, number: int, *arguments: int) -> int:
    """Interpret a filter as the kernel would."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, arch, 0, *padded)
    accumulator, at = 0, 0
    while True:
        kind, then, otherwise, value = struct.unpack_from("=HBBI", code, at * 8)
        at += 1
        if kind == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif kind == 0x54:
            accumulator &= value
        elif kind == 0x05:
            at += value
        elif kind in {0x15, 0x35}:
            holds = accumulator == value if kind == 0x15 else accumulator >= value
            at += then if holds else otherwise
        else:
            assert kind == 0x06
            return value


CASES = [(machine, arch) for machine, arches in MACHINES.items() for arch in arches]


@pytest.mark.parametrize(("machine", "arch"), CASES)
def test_every_call_of_the_policy_is_notified(machine, arch):
    code = program(machine)
    interesting = {
        Scope.ALL: (),
        Scope.ADDRESSED: (3, 1, 2, 0, 0x7FFF_0000_1000, 16),
        Scope.ODD_SOCKET: (40, 1, 0),
        Scope.WRITING: (os.O_WRONLY, os.O_WRONLY, os.O_WRONLY),
    }
    for call in POLICY:
        arguments = interesting.get(call.scope, (call.values or (0,))[:1] * 6)
        if call.number(arch) >= 0:
            assert run(code, arch, call.number(arch), *arguments) == NOTIFY, call.name
    for number in HARMLESS[arch]:
        assert run(code, arch, number) == ALLOW


@pytest.mark.parametrize(("machine", "arch"), CASES)
def test_only_addressed_sends(machine, arch):
    code = program(machine)
    number = next(call for call in POLICY if call.name == "sendto").number(arch)
    assert run(code, arch, number, 3, 1, 2, 0, 0, 0) == ALLOW
    assert run(code, arch, number, 3, 1, 2, 0, 1, 0) == NOTIFY
    assert run(code, arch, number, 3, 1, 2, 0, 1 << 32, 0) == NOTIFY


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (os.O_RDONLY, ALLOW), (os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK, ALLOW), (os.O_PATH, ALLOW),
        (os.O_EXCL, ALLOW), (os.O_WRONLY, NOTIFY), (os.O_RDWR | os.O_CLOEXEC, NOTIFY), (os.O_RDONLY | os.O_CREAT, NOTIFY),
        (os.O_RDONLY | os.O_TRUNC, NOTIFY), (os.O_APPEND, NOTIFY), (os.O_TMPFILE | os.O_RDWR, NOTIFY),
        (1 << 32 | os.O_WRONLY, NOTIFY), (os.O_WRONLY << 32, ALLOW),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("machine", "arch"), CASES)
def test_only_opens_that_may_write(machine, arch, flags, expected):
    code = program(machine)
    by_name = {call.name: call.number(arch) for call in POLICY}
    other = 0 if expected == NOTIFY else 0xFFFF_FFFF_FFFF_FFFF  # no other argument decides
    assert run(code, arch, by_name["openat"], other, other, flags, other) == expected
    assert run(code, arch, by_name["openat2"]) == NOTIFY
    if by_name["open"] >= 0:
        assert run(code, arch, by_name["open"], other, flags, other) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("ioctl", (0, 0x5412), NOTIFY), ("ioctl", (0, 0x541C), NOTIFY), ("ioctl", (0, 1 << 32 | 0x5412), NOTIFY),
        ("ioctl", (0, 0x5413), ALLOW), ("ioctl", (0x5412, 0, 0x5412), ALLOW),
        ("ptrace", (16, 1), NOTIFY), ("ptrace", (1, 2), ALLOW), ("ptrace", (0, 0), ALLOW),
        ("process_vm_readv", (1,), NOTIFY), ("process_vm_readv", (2, 1), ALLOW),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("machine", "arch"), CASES)
def test_only_certain_values(machine, arch, name, arguments, expected):
    number = next(call for call in POLICY if call.name == name).number(arch)
    assert run(program(machine), arch, number, *arguments) == expected


@pytest.mark.parametrize(
    ("family", "kind", "expected"),
    [
        (1, 1, ALLOW), (1, 3, ALLOW), (2, 1, ALLOW), (2, 2 | 0o2000000, ALLOW), (10, 1 | 0o4000, ALLOW), (16, 3, ALLOW),
        (2, 3, NOTIFY), (2, 3 | 0o2000000, NOTIFY), (10, 3, NOTIFY), (2, 10, NOTIFY),
        (40, 1, NOTIFY), (17, 3, NOTIFY), (38, 5, NOTIFY), (0, 1, NOTIFY), (0xFFFFFFFF, 1, NOTIFY),
        (1 << 32 | 40, 1, NOTIFY), (1 << 32 | 2, 1 << 32 | 1, ALLOW), (2, 1 << 32 | 3, NOTIFY),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("machine", "arch"), CASES)
def test_families_and_types(machine, arch, family, kind, expected):
    code = program(machine)
    for name in ("socket", "socketpair"):
        number = next(call for call in POLICY if call.name == name).number(arch)
        assert run(code, arch, number, family, kind) == expected


def test_other_architectures():
    assert run(program("x86_64"), 0xC00000B7, 42) == KILL
    assert run(program("aarch64"), 0x40000028, 283) == KILL
    assert run(program("x86_64"), Arch.X86_64, 0x40000000 | 42) == NOTIFY
    with pytest.raises(ValueError, match="vax"):
        program("vax")


def test_numbers_are_not_used_twice():
    for arch in Arch:
        numbers = [call.number(arch) for call in POLICY if call.number(arch) >= 0]
        assert len(set(numbers)) == len(numbers)


def notification(arch: int, number: int, *arguments: int) -> Notification:
    return Notification(1, 1, number, arch, (*arguments, 0, 0, 0, 0, 0, 0)[:6])


@pytest.mark.parametrize(
    ("made", "error", "detail"),
    [
        (notification(Arch.X86_64, 41, 40, 1), errno.EAFNOSUPPORT, "AF_VSOCK, stream"),
        (notification(Arch.I386, 359, 17, 3), errno.EAFNOSUPPORT, "AF_PACKET, raw"),
        (notification(Arch.AARCH64, 198, 2, 3 | 0o2000000), errno.EPERM, "AF_INET, raw"),
        (notification(Arch.X86_64, 41, 77, 9), errno.EAFNOSUPPORT, "family 77, type 9"),
        (notification(Arch.X86_64, 425), errno.ENOSYS, ""),
        (notification(Arch.I386, 102, 1), errno.ENOSYS, ""),
        (notification(Arch.X86_64, 0x4000002A), errno.ENOSYS, ""),
        (notification(Arch.X86_64, 16, 0, 0x5412), errno.EPERM, "TIOCSTI"),
        (notification(Arch.AARCH64, 117, 16, 1), errno.EPERM, "the first process of the box"),
        (notification(Arch.X86_64, 308, 3, 0), errno.EPERM, ""),
    ],
)
def test_refusals(made, error, detail):
    assert notify.refusal(made, notify.lookup(made)) == (error, detail)


def test_watched_calls_are_allowed():
    assert notify.lookup(notification(Arch.I386, 362)).name == "connect"
    assert notify.lookup(notification(Arch.I386, 362)).action == WATCH


@pytest.fixture
def child():
    """A function that runs another one under the filter in a child; gives listener, pid, role."""
    pids = []

    def start(work):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            try:
                syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
                ours.close()
                before = set(os.listdir("/proc/self/fd"))
                handle = theirs.detach()
                install_and_hand_over(program(), handle, "control")
                assert set(os.listdir("/proc/self/fd")) == before - {str(handle)}
                os.kill(os.getpid(), signal.SIGKILL if work() else signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGABRT)
        theirs.close()
        pids.append(pid)
        data, (listener,), _, _ = socket.recv_fds(ours, 64, 4)
        ours.close()
        return listener, pid, data

    yield start
    for pid in pids:
        os.waitpid(pid, 0)


@pytest.mark.box
def test_a_call_waits_for_its_answer(child):
    def work():
        return socket.socket().connect_ex(("127.0.0.1", 1)) == errno.EXDEV

    listener, pid, role = child(work)
    assert role == b"control"
    assert notify.wake_synchronously(listener) in {True, False}
    call = notify.receive(listener)
    assert (call.pid, notify.lookup(call).name) == (pid, "connect")
    assert notify.is_valid(listener, call.id)
    notify.answer(listener, call.id, errno.EXDEV)
    assert not notify.is_valid(listener, call.id)
    notify.answer(listener, call.id)  # a second answer is for nobody
    assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status == signal.SIGKILL
    assert select.select([listener], [], [], 5)[0]
    os.close(listener)


@pytest.mark.box
def test_a_second_listener_is_refused(child):
    def work():
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            install_and_hand_over(program(), theirs.detach(), "app")
        except OSError as error:
            return error.errno == errno.EBUSY and ours.fileno() > 0
        return False

    listener, pid, _ = child(work)
    assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status == signal.SIGKILL
    os.close(listener)


@pytest.mark.box
def test_vsock_cannot_even_be_made(child):
    def work():
        try:
            socket.socket(40, socket.SOCK_STREAM)
        except OSError as error:
            return error.errno == errno.ENOSYS  # nobody answers any more: it fails all the same
        return False

    listener, pid, _ = child(work)
    os.close(listener)
    assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status == signal.SIGKILL
