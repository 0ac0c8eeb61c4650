"""Every way out of the box that we know of, tried in the box: shut, or leading nowhere, and on record."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
from pathlib import Path

import pytest

pytestmark = pytest.mark.box

X86_ONLY = {"x32", "i386"}
CELL = "the first process of the box"
RECORDED = {
    "vsock": ("EAFNOSUPPORT", "socket", "AF_VSOCK, stream"),
    "packet": ("EAFNOSUPPORT", "socket", "AF_PACKET, raw"),
    "raw": ("EPERM", "socket", "AF_INET, raw"),
    "raw6": ("EPERM", "socket", "AF_INET6, raw"),
    "bluetooth": ("EAFNOSUPPORT", "socket", "AF_BLUETOOTH, stream"),
    "alg": ("EAFNOSUPPORT", "socket", "AF_ALG, seqpacket"),
    "xdp": ("EAFNOSUPPORT", "socket", "AF_XDP, raw"),
    "x32": ("ENOSYS", "x32 call 41", ""),
    "i386": ("EAFNOSUPPORT", "socket", "AF_VSOCK, stream"),
    "io_uring": ("ENOSYS", "io_uring_setup", ""),
    "keyctl": ("ENOSYS", "keyctl", ""),
    "add_key": ("ENOSYS", "add_key", ""),
    "request_key": ("ENOSYS", "request_key", ""),
    "tiocsti": ("EPERM", "ioctl", "TIOCSTI"),
    "tioclinux": ("EPERM", "ioctl", "TIOCLINUX"),
    "ptrace-1": ("EPERM", "ptrace", CELL),
    "memory-1": ("EPERM", "process_vm_readv", CELL),
    "setns": ("EPERM", "setns", ""),
    "handle": ("EPERM", "open_by_handle_at", ""),
    "bpf": ("EPERM", "bpf", ""),
    "module": ("EPERM", "init_module", ""),
    "module-file": ("EPERM", "finit_module", ""),
    "kexec": ("EPERM", "kexec_load", ""),
    "own-filter": ("EAFNOSUPPORT", "socket", "AF_VSOCK, stream"),
}
"""Refused by the filter: (errno, call, detail) of each."""
HARMLESS = {
    "ptrace-brother": "", "descriptor-1": "EPERM", "own-network": "ENETUNREACH", "unmount-run": "EINVAL",
    "unmount-evidence": "EINVAL", "remount": "EPERM", "mount-proc": "EPERM", "mount": "EPERM", "chroot": "EPERM",
    "swap": "EPERM", "clock": "EPERM", "host-name": "EPERM", "inherited": "", "set-user-id": "",
    "root-of-1": "EACCES", "memory-file-of-1": "EACCES", "environment-of-1": "EACCES", "descriptors-of-1": "EACCES",
    "processes": "", "memory-of-supervisor": "", "root-of-supervisor": "", "descriptors-of-supervisor": "",
    "evidence": "", "evidence-folder": "", "scratch": "ENOENT", "key": "", "own-listener": "EBUSY", "bubblewrap": "",
}  # fmt: skip
"""Shut by something else than the filter, and nothing to report; the errno where it is always the same."""
WELL_KNOWN = (
    "/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
    "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/resolve/io.systemd.Resolve",
    f"/run/user/{os.getuid()}/bus", f"/run/user/{os.getuid()}/wayland-0", f"/run/user/{os.getuid()}/pipewire-0",
    f"/run/user/{os.getuid()}/gnupg/S.gpg-agent", f"/run/user/{os.getuid()}/keyring/control",
)  # fmt: skip
"""Where services of a machine listen, whether this one has them or not."""


@pytest.fixture(scope="module")
def intrusion(intrude, services, tmp_path_factory):
    """All attempts in one run, with stand-ins bound before the box was built."""
    home, number = tmp_path_factory.mktemp("home"), os.getpid() % 10_000 + 200
    sockets = [
        services.listen(str(home / ".docker/run/docker.sock")),
        services.listen(str(home / ".gnupg/S.gpg-agent")),
        services.listen(f"/tmp/.X11-unix/X{number}"),
        services.listen(str(services.folder("/tmp") / "ssh-agent.1")),
        services.listen(str(services.folder("/dev/shm") / "service.sock")),
        services.listen(f"\0/tmp/.X11-unix/X{number}"),
        services.listen(f"\0/tmp/dbus-{number}"),
    ]
    if os.geteuid() == 0:
        sockets.append(services.listen(str(services.folder("/run") / "docker.sock")))
        sockets.append(services.listen(str(services.folder("/usr/local") / "service.sock")))
    return intrude(
        sockets=[*sockets, *WELL_KNOWN],
        datagrams=["/dev/log", services.listen(str(home / "notify"), socket.SOCK_DGRAM)],
        pipes=[services.pipe(str(home / "pipe"))],
        run="{RUN}",
    )


def needs(name: str) -> None:
    if name in X86_ONLY and platform.machine() != "x86_64":
        pytest.skip("x86 only")
    if name == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    if name == "set-user-id" and shutil.which("su") is None:
        pytest.skip("there is no su")


@pytest.mark.parametrize("name", RECORDED)
def test_refused_and_on_record(intrusion, name):
    needs(name)
    number, call, detail = RECORDED[name]
    said = intrusion.outcomes[name]
    if name == "i386" and said["detail"].startswith("Address family") is False:
        pytest.skip("this kernel runs no i386 calls")
    assert (said["open"], said["errno"]) == (False, number), said
    assert (call, detail) in intrusion.attempts


@pytest.mark.parametrize("name", HARMLESS)
def test_shut_or_leading_nowhere(intrusion, name):
    needs(name)
    said = intrusion.outcomes[name]
    assert said["open"] is False, said
    assert not HARMLESS[name] or said["errno"] == HARMLESS[name], said


def test_each_attempt_is_laid_to_the_program_and_its_phase(intrusion):
    listed = intrusion.ended.result["attempts"]
    assert {each["phase"] for each in listed} <= {"start", "idle"}
    assert all(
        "intruder.py" in " ".join(each["process"]["argv"]) for each in listed if each["call"] == "setns"
    )


def test_nothing_arrived_at_any_service_of_the_host(intrusion):
    doors = [name for name in intrusion.outcomes if name.startswith(("connect ", "send ", "pipe "))]
    assert len(doors) >= 20
    assert [name for name in doors if intrusion.outcomes[name]["open"]] == []
    assert intrusion.services.received() == []


def test_each_service_that_was_asked_for_is_on_record(intrusion):
    asked = {
        detail.split()[2]
        for call, detail in intrusion.attempts
        if call in ("connect", "sendto") and "unix" in detail
    }
    named = (name.partition(" ") for name in intrusion.outcomes if name.startswith(("connect ", "send ")))
    # What lies in /dev/shm is no place of services, and not there in the box.
    wanted = {path.replace("\0", "@") for _, _, path in named if not path.startswith("/dev/shm")}
    assert len(wanted) > len(WELL_KNOWN)
    assert wanted <= asked


def test_the_rules_speak_of_it(intrusion):
    assert {"SBX001", "SBX002", "SBX003"} <= intrusion.ended.rules
    if shutil.which("su"):
        assert "SBX004" in intrusion.ended.rules


def test_it_does_not_know_where_it_is(intrusion):
    told = set(json.loads(intrusion.outcomes["identity"]["detail"]))
    real = {socket.gethostname(), os.uname().nodename}
    for name in ("/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname"):
        if Path(name).exists():
            real.add(Path(name).read_text().strip())
    assert not (told & real - {"", "localhost"}), told & real


def test_services_that_appear_once_the_box_stands(intrude, services):
    """The box was built without knowing of them."""
    places = [services.folder("/tmp"), services.folder("/dev/shm")]
    if os.geteuid() == 0:
        places.append(services.folder("/usr/local"))
    sockets = [str(place / "late.sock") for place in places]
    pipes = [str(place / "late.pipe") for place in places]

    def appear() -> None:
        for path in sockets:
            services.listen(path)
        for path in pipes:
            services.pipe(path)

    names = [f"connect {path}" for path in sockets] + [f"pipe {path}" for path in pipes]
    late = intrude(meanwhile=appear, sockets=sockets, pipes=pipes, sleep=4, only=names, run="{RUN}")
    assert {name: late.outcomes[name]["open"] for name in names} == dict.fromkeys(names, False)
    assert services.received() == []
    if os.geteuid() == 0:
        expected = {
            ("connect", f"unix socket {sockets[-1]} (a service of this machine)"),
            ("openat", f"named pipe {pipes[-1]} (of this machine)"),
        }
        assert expected <= late.attempts
        assert "SBX002" in late.ended.rules
