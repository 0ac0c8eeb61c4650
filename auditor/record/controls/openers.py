"""One function for each channel of the control: opens it in the box, and says what needs no answer.

Stand-alone: imports the standard library and `reports`. Not the order (`sending`), not the conversations
(`clients`).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable

from auditor.record.controls.reports import FAILED
from auditor.record.controls.reports import SENT
from auditor.record.controls.reports import Task
from auditor.record.controls.reports import Tell

Opener = Callable[[Task, str, Tell], "socket.socket | str | None"]
"""Uses a channel; returns a socket that stays open, a detail, or None when it reports by itself."""

FILE = "file"
"""The channel that leaves something on the disk."""
TIMEOUT_S = 5.0
_ECHO_S = 0.3
_TCP, _CHILD, _DAEMON, _UDP, _GROUP, _DNS, _HTTP, _HTTPS = 7007, 7008, 7010, 7009, 7011, 53, 80, 443
_ECHO_REQUEST, _ECHO_REQUEST_6 = 8, 128  # RFC 792, RFC 4443
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT)


class Impossible(OSError):
    """The box does not let any program use this channel."""


def _connected(kind: int, address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        made.settimeout(TIMEOUT_S)
        made.connect((address, port))
    except OSError:
        made.close()
        raise
    return made


def stream(address: str, port: int, data: bytes = b"") -> socket.socket:
    """A TCP connection on which something was said."""
    made = _connected(socket.SOCK_STREAM, address, port)
    made.sendall(data)
    return made


def question(token: str) -> bytes:
    """A DNS query for the IPv4 address of a name that holds `token` (RFC 1035, 4.1)."""
    labels = (token.encode(), b"example", b"net")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!6H", 0x6A6A, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)


def _datagram(address: str, port: int, data: bytes) -> socket.socket:
    """Sent from a socket that is connected, as name look-ups are."""
    made = _connected(socket.SOCK_DGRAM, address, port)
    made.send(data)
    return made


def _addressed(address: str, port: int, data: bytes) -> socket.socket:
    """Sent with its address, from a socket that may send anywhere."""
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    made.sendto(data, (address, port))
    return made


def _dns(task: Task, token: str, _tell: Tell) -> socket.socket:
    return _datagram(task["resolver"], _DNS, question(token))


def _dns_tcp(task: Task, token: str, _tell: Tell) -> socket.socket:
    asked = question(token)
    return stream(task["resolver"], _DNS, struct.pack("!H", len(asked)) + asked)


def _tcp(task: Task, token: str, _tell: Tell) -> socket.socket:
    return stream(task["ipv4"], _TCP, token.encode() + b"\n")


def _ipv6(task: Task, token: str, _tell: Tell) -> socket.socket:
    return stream(task["ipv6"], _TCP, token.encode() + b"\n")


def _udp(task: Task, token: str, _tell: Tell) -> socket.socket:
    made = _addressed(task["ipv4"], _UDP, token.encode())
    made.connect((task["ipv4"], _UDP))  # so that it can tell both its ends
    return made


def _udp6(task: Task, token: str, _tell: Tell) -> socket.socket:
    return _datagram(task["ipv6"], _UDP, token.encode())


def _multicast(task: Task, token: str, _tell: Tell) -> socket.socket:
    return _addressed(task["group4"], _GROUP, token.encode())


def _multicast6(task: Task, token: str, _tell: Tell) -> socket.socket:
    return _addressed(task["group6"], _GROUP, token.encode())


def _echo(family: int, protocol: int, kind: int, address: str, token: str) -> str:
    """An echo request from a datagram socket, which needs no privilege (icmp(7), ping_group_range)."""
    try:
        made = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError as error:
        raise (Impossible(*error.args) if error.errno in _FORBIDDEN else error) from error
    with made:
        made.settimeout(_ECHO_S)
        made.sendto(struct.pack("!2B3H", kind, 0, 0, 0, 1) + token.encode(), (address, 0))
        try:
            made.recv(1024)
        except OSError:
            return "no answer came"  # what counts is that it left
    return ""


def _icmp(task: Task, token: str, _tell: Tell) -> str:
    return _echo(socket.AF_INET, socket.IPPROTO_ICMP, _ECHO_REQUEST, task["ipv4"], token)


def _icmp6(task: Task, token: str, _tell: Tell) -> str:
    return _echo(socket.AF_INET6, socket.IPPROTO_ICMPV6, _ECHO_REQUEST_6, task["ipv6"], token)


def _web(port: int, kind: int = socket.SOCK_STREAM, address: str = "ipv4") -> Opener:
    """Only opened: what is said waits for the proxy."""

    def opener(task: Task, _token: str, _tell: Tell) -> socket.socket:
        return _connected(kind, task[address] or task["ipv4"], port)

    return opener


def _say_and_end(channel: str, port: int, task: Task, token: str, tell: Tell) -> None:
    """In a process that is gone before anybody could look for it."""
    try:
        with stream(task["ipv4"], port, token.encode() + b"\n") as made:
            tell(channel, SENT, sock=made, keep=False)
    except OSError as error:
        tell(channel, FAILED, f"{type(error).__name__}: {error}")
    finally:
        os._exit(0)


def _child(task: Task, token: str, tell: Tell) -> None:
    if os.fork() == 0:
        _say_and_end("child", _CHILD, task, token, tell)


def _daemon(task: Task, token: str, tell: Tell) -> None:
    """Forked twice, in a session of its own, adopted by the box's first process."""
    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                _say_and_end("daemon", _DAEMON, task, token, tell)
        finally:
            os._exit(0)


def file_name(folder: str, token: str) -> str:
    """Where the value is written."""
    return f"{folder.rstrip('/')}/{token}.txt"


def _file(task: Task, token: str, _tell: Tell) -> str:
    """Into the first of the recorded trees that takes it."""
    problem: OSError = FileNotFoundError("no tree of the box is recorded")
    for folder in task["folders"]:
        try:
            with open(file_name(folder, token), "x") as file:  # noqa: PTH123 - pathlib is not imported here
                file.write(token)
        except OSError as error:
            problem = error
        else:
            return str(folder)
    raise problem


def _unix(_task: Task, token: str, _tell: Tell) -> str:
    """Nobody listens there: what is proven is that the attempt is written down."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.settimeout(TIMEOUT_S)
        try:
            made.connect(f"\0{token}")
        except ConnectionRefusedError:
            return ""
    raise ConnectionError("somebody listens on an address that was made up")


OPENERS: dict[str, Opener] = {
    "child": _child,
    "daemon": _daemon,
    "dns": _dns,
    "dns-tcp": _dns_tcp,
    "tcp": _tcp,
    "ipv6": _ipv6,
    "udp": _udp,
    "udp6": _udp6,
    "icmp": _icmp,
    "icmp6": _icmp6,
    "multicast": _multicast,
    "multicast6": _multicast6,
    "http": _web(_HTTP),
    "https": _web(_HTTPS),
    "h2": _web(_HTTPS, address="ipv6"),
    "websocket": _web(_HTTPS),
    "quic": _web(_HTTPS, socket.SOCK_DGRAM),
    "unix": _unix,
    FILE: _file,
}
