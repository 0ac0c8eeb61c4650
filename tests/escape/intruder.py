"""Runs inside the box and tries to get out of it: one attempt after the other, each in a process of its own.

Stand-alone, standard library alone. Prints one JSON line for each attempt: its name, and either `refused`
with the reason or `open` with what was found behind the door. Arguments: a JSON object of targets.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

TARGETS = json.loads(sys.argv[1])
X86 = platform.machine() == "x86_64"
NUMBERS = {  # x86_64, aarch64
    "io_uring_setup": (425, 425), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "setns": (308, 268), "bpf": (321, 280),
    "open_by_handle_at": (304, 265), "init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104),
    "seccomp": (317, 277), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "reboot": (169, 142),
    "perf_event_open": (298, 241), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "swapon": (167, 224),
    "settimeofday": (164, 170), "sethostname": (170, 161), "acct": (163, 89), "quotactl": (179, 60), "chroot": (161, 51),
}  # fmt: skip
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Open(Exception):
    """The door was open."""


def call(name: str, *arguments: object) -> int:
    """A system call by name; raises OSError."""
    return number(NUMBERS[name][0 if X86 else 1], *arguments)


def number(at: int, *arguments: object) -> int:
    """A system call by number; raises OSError."""
    plain = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = _libc.syscall(ctypes.c_long(at), *plain)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def make_socket(family: int, kind: int, protocol: int = 0) -> Callable[[], None]:
    return lambda: socket.socket(family, kind, protocol).close()


def connect(path: str) -> Callable[[], None]:
    def attempt() -> None:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(5)
            door.connect(path)
            door.send(b"let me out")

    return attempt


def send_to(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.sendto(b"let me out", path)


def read(path: str) -> Callable[[], str]:
    return lambda: Path(path).read_bytes()[:80].decode(errors="replace")


def list_folder(path: str) -> str:
    found = sorted(os.listdir(path))
    if not found:
        raise OSError(errno.ENOENT, "empty")
    return " ".join(found)


def x32() -> None:
    number(0x40000000 | 41, 40, 1, 0)


def i386() -> None:
    """socket(AF_VSOCK, SOCK_STREAM, 0) by int 0x80."""
    code = b"\x53\xb8" + struct.pack("<I", 359) + b"\xbb" + struct.pack("<I", 40)  # push rbx; eax; ebx
    code += (
        b"\xb9" + struct.pack("<I", 1) + b"\xba" + bytes(4) + b"\xcd\x80\x5b\xc3"
    )  # ecx; edx; int; pop; ret
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    if result < 0:
        raise OSError(-result, os.strerror(-result))


def type_into_terminal(request: int) -> Callable[[], None]:
    def attempt() -> None:
        fcntl.ioctl(1, request, b"x")

    return attempt


def trace_pid_1() -> None:
    call("ptrace", 16, 1, 0, 0)


def trace_brother() -> None:
    """Another program of the box is no door: it has nothing that we have not."""
    child = os.fork()
    if child == 0:
        time.sleep(20)
    try:
        call("ptrace", 16, child, 0, 0)
    finally:
        os.kill(child, signal.SIGKILL)
    raise OSError(0, "allowed, as for any debugger")


def read_memory_of_pid_1() -> None:
    call("process_vm_readv", 1, None, 0, None, 0, 0)


def descriptor_of_pid_1() -> None:
    pidfd = call("pidfd_open", 1, 0)
    for descriptor in range(32):
        with_fd = call("pidfd_getfd", pidfd, descriptor, 0)
        raise Open(os.readlink(f"/proc/self/fd/{with_fd}"))


def enter_own_namespace() -> None:
    with open("/proc/self/ns/net", "rb") as namespace:
        call("setns", namespace.fileno(), 0)


def own_network() -> None:
    """A network of its own has no wire at all."""
    if _libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    socket.create_connection(("203.0.113.5", 80), 5)


def own_mounts(attempt: Callable[[], object]) -> Callable[[], object]:
    """In a user namespace of its own it may mount; what it was shown stays locked."""

    def inside() -> object:
        if _libc.unshare(CLONE_NEWUSER | CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "unshare")
        return attempt()

    return inside


def unmount(path: str) -> Callable[[], str]:
    def attempt() -> str:
        call("umount2", path.encode(), 2)
        return list_folder(path)

    return attempt


def remount_writable() -> None:
    call("mount", b"none", b"/", None, 0x20 | 0x1000, None)
    Path("/usr/intruder").write_text("x")


def mount_host_proc() -> str:
    call("mount", b"proc", b"/tmp", b"proc", 0, None)
    return list_folder("/tmp")


def by_handle() -> None:
    call("open_by_handle_at", 3, None, 0)


def inherited() -> str:
    """Descriptors beyond the standard three, of which the listing itself makes one."""
    extra = sorted(set(map(int, os.listdir(f"/proc/{os.getppid()}/fd"))) - {0, 1, 2})
    if not extra:
        raise OSError(0, "only standard input, output and error")
    return repr(extra)


def gain_by_set_user_id() -> str:
    said = subprocess.run(
        [TARGETS["set_user_id"], "-c", "grep CapPrm /proc/self/status"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    if said.returncode or said.stdout.split()[-1] == "0" * 16:
        raise OSError(0, "nothing gained")
    return said.stdout


def foreign_processes() -> str:
    """Processes that are not of our own family."""
    lines = {
        name: Path(f"/proc/{name}/cmdline").read_text() for name in os.listdir("/proc") if name.isdigit()
    }
    strangers = [name for name, line in lines.items() if TARGETS["secret"] in line.replace(sys.argv[1], "")]
    if not strangers:
        raise OSError(0, "nobody")
    return " ".join(strangers)


def key_in_sight() -> str:
    """A private key in any file of the box that the run made."""
    for folder in ("/etc/ssl/certs", "/usr/local/share", "/var/tmp", "/run", "/dev/shm"):
        for where, _, names in os.walk(folder):
            for name in names:
                try:
                    if b"PRIVATE KEY" in Path(where, name).read_bytes()[: 1 << 20]:
                        raise Open(f"{where}/{name}")
                except OSError:
                    continue
    raise OSError(0, "no key")


def identity() -> str:
    """What the box says of who it is."""
    names = ("/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname", "/proc/sys/kernel/hostname")
    texts = [Path(name).read_text().strip() for name in names if Path(name).exists()]
    return json.dumps([socket.gethostname(), os.uname().nodename, *texts])


def write_pipe(path: str) -> None:
    with open(
        path, "wb", buffering=0, opener=lambda name, _: os.open(name, os.O_WRONLY | os.O_NONBLOCK)
    ) as pipe:
        pipe.write(b"let me out")


def own_listener() -> None:
    """A second seccomp listener, which would answer in the place of ours."""
    code = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
    memory = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", 1, ctypes.addressof(memory))
    call("seccomp", 1, 1 << 3, header)


def own_filter() -> None:
    """A filter that allows everything takes nothing off ours."""
    code = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
    memory = ctypes.create_string_buffer(code, len(code))
    call("seccomp", 1, 0, struct.pack("@HP", 1, ctypes.addressof(memory)))
    socket.socket(40, socket.SOCK_STREAM).close()


def nested_bubblewrap() -> str:
    code = "import socket; socket.socket(40, 1)"
    argv = [
        "bwrap",
        "--unshare-all",
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        sys.executable,
        "-S",
        "-c",
        code,
    ]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    if "Address family not supported" in said.stderr or "bwrap:" in said.stderr:
        raise OSError(0, said.stderr.splitlines()[-1])
    return said.stdout + said.stderr


ATTEMPTS: dict[str, Callable[[], object]] = {
    "vsock": make_socket(40, socket.SOCK_STREAM),  # never connected: the hypervisor would answer
    "packet": make_socket(17, socket.SOCK_RAW, 0x300),
    "raw": make_socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "raw6": make_socket(socket.AF_INET6, socket.SOCK_RAW, 58),
    "bluetooth": make_socket(31, socket.SOCK_STREAM),
    "alg": make_socket(38, socket.SOCK_SEQPACKET),
    "xdp": make_socket(44, socket.SOCK_RAW),
    "x32": x32,
    "i386": i386,
    "io_uring": lambda: call("io_uring_setup", 1, None),
    "keyctl": lambda: call("keyctl", 0, -3, 0),
    "add_key": lambda: call("add_key", b"user", b"x", b"y", 1, -3),
    "request_key": lambda: call("request_key", b"user", b"x", None, -3),
    "tiocsti": type_into_terminal(0x5412),
    "tioclinux": type_into_terminal(0x541C),
    "ptrace-1": trace_pid_1,
    "ptrace-brother": trace_brother,
    "memory-1": read_memory_of_pid_1,
    "descriptor-1": descriptor_of_pid_1,
    "setns": enter_own_namespace,
    "own-network": own_network,
    "unmount-run": own_mounts(unmount("/run")),
    "unmount-evidence": own_mounts(unmount(TARGETS["run"])),
    "remount": own_mounts(remount_writable),
    "mount-proc": own_mounts(mount_host_proc),
    "mount": lambda: call("mount", b"none", b"/mnt", b"tmpfs", 0, None),
    "chroot": lambda: call("chroot", b"/"),
    "handle": by_handle,
    "bpf": lambda: call("bpf", 0, None, 0),
    "module": lambda: call("init_module", None, 0, b""),
    "module-file": lambda: call("finit_module", 0, b"", 0),
    "kexec": lambda: call("kexec_load", 0, 0, None, 0),
    "swap": lambda: call("swapon", b"/tmp/x", 0),
    "clock": lambda: call("settimeofday", bytes(16), None),
    "host-name": lambda: call("sethostname", b"x", 1),
    "inherited": inherited,
    "set-user-id": gain_by_set_user_id,
    "root-of-1": lambda: list_folder("/proc/1/root/"),
    "memory-file-of-1": read("/proc/1/mem"),
    "environment-of-1": read("/proc/1/environ"),
    "descriptors-of-1": lambda: [os.readlink(f"/proc/1/fd/{each}") for each in os.listdir("/proc/1/fd")],
    "processes": foreign_processes,
    "memory-of-supervisor": read(f"/proc/{TARGETS['pid']}/mem"),
    "root-of-supervisor": lambda: list_folder(f"/proc/{TARGETS['pid']}/root/"),
    "descriptors-of-supervisor": lambda: list_folder(f"/proc/{TARGETS['pid']}/fd"),
    "evidence": read(TARGETS["run"] + "/events.jsonl"),
    "evidence-folder": lambda: list_folder(TARGETS["run"]),
    "scratch": lambda: list_folder("/var/tmp"),
    "key": key_in_sight,
    "identity": identity,
    "own-listener": own_listener,
    "own-filter": own_filter,
    "bubblewrap": nested_bubblewrap,
    **{f"connect {path}": connect(path) for path in TARGETS["sockets"]},
    **{f"send {path}": lambda path=path: send_to(path) for path in TARGETS["datagrams"]},
    **{f"pipe {path}": lambda path=path: write_pipe(path) for path in TARGETS["pipes"]},
}


def outcome(attempt: Callable[[], object]) -> dict[str, object]:
    try:
        found = attempt()
    except Open as door:
        return {"open": True, "detail": str(door)}
    except OSError as error:
        return {
            "open": False,
            "detail": error.strerror or str(error),
            "errno": errno.errorcode.get(error.errno or 0, ""),
        }
    except Exception as error:  # noqa: BLE001 - a broken attempt proves nothing, and must not look like a shut door
        return {"open": True, "detail": f"{type(error).__name__}: {error}"}
    return {"open": True, "detail": str(found)}


def main() -> None:
    time.sleep(TARGETS["sleep"])
    for name in TARGETS.get("only", ATTEMPTS):
        if not X86 and name in ("x32", "i386"):
            continue
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            sys.stdout.write(json.dumps({"name": name, **outcome(ATTEMPTS[name])}) + "\n")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
    print(json.dumps({"name": "all"}), flush=True)


if __name__ == "__main__":
    main()
