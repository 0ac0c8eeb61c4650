"""Asking the kernel about its sockets over NETLINK_SOCK_DIAG (sock_diag(7)).

Not their owners: the kernel names inode, cookie and uid; which process holds them is found elsewhere.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

if TYPE_CHECKING:
    from collections.abc import Iterator

NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST, _DUMP = 0x1, 0x300
_ERROR, _DONE = 2, 3
_PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP, "udplite": 136}
_LISTEN, _UNCONNECTED, _ANY_STATE = 1 << 10, 1 << 7, 0xFFFFFFFF
_NO_COOKIE = b"\xff" * 8

_HEADER = struct.Struct("=IHHII")
# struct inet_diag_req_v2: family, protocol, ext, pad, states, then struct inet_diag_sockid
_REQUEST_BODY = struct.Struct("=BBBxI")
# struct inet_diag_sockid: sport, dport (network order), src, dst, interface, cookie
_ENDPOINTS = struct.Struct("!HH16s16s")
# struct inet_diag_msg: family, state, timer, retrans, sockid, expires, rqueue, wqueue, uid, inode
_ANSWER = struct.Struct("=BBBB36sIQIIIII")
_ERRNO = struct.Struct("=i")
_MAX_ERRNO = 4095


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketIdentity:
    """What the kernel knows of one socket."""

    cookie: int
    """SO_COOKIE: never used twice while the machine runs."""
    inode: int
    """Number in `socket:[N]`; 0 for a socket that no process holds any more."""
    uid: int


UNKNOWN_SOCKET: Final = SocketIdentity(cookie=0, inode=0, uid=0)
"""The socket is gone."""

Endpoint = tuple[str, int]
"""IP address and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSocket:
    """One line of a dump."""

    transport: str
    """`tcp` or `udp`."""
    address: str
    port: int
    identity: SocketIdentity


class SockDiag:
    """Questions to one network namespace; safe to use from several threads."""

    def __init__(self, netlink: socket.socket | None = None) -> None:
        """Use a NETLINK_SOCK_DIAG socket made in the namespace of interest; None makes one here."""
        self._socket = netlink or socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG
        )
        self._socket.settimeout(2)
        self._lock = threading.Lock()
        self._sequence = 0

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def find(self, transport: str, local: Endpoint, remote: Endpoint) -> SocketIdentity | None:
        """The socket with this five-tuple, seen from its own side; None when there is none.

        Raises:
            ValueError: an address is no IP address, or they are of different families.
            OSError: the kernel refused for another reason than not finding it.
        """
        # UDP is looked up as an arriving packet would be: its source is our remote end.
        source, destination = (local, remote) if transport == "tcp" else (remote, local)
        family, source_ip = _packed(source[0])
        other, destination_ip = _packed(destination[0])
        if family != other:
            raise ValueError(f"{source[0]} and {destination[0]} are of different families")
        endpoints = _ENDPOINTS.pack(source[1], destination[1], source_ip, destination_ip)
        body = _REQUEST_BODY.pack(family, _PROTOCOLS[transport], 0, _ANY_STATE) + endpoints
        try:
            for answer in self._ask(body, _REQUEST):
                return _identity(answer)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
        return None

    def listening(self) -> Iterator[OpenSocket]:
        """Every listening TCP socket and every bound, unconnected UDP socket, IPv4 and IPv6."""
        for transport, states in (("tcp", _LISTEN), ("udp", _UNCONNECTED)):
            for family in (socket.AF_INET, socket.AF_INET6):
                body = _REQUEST_BODY.pack(family, _PROTOCOLS[transport], 0, states) + bytes(36)
                for answer in self._ask(body, _REQUEST | _DUMP):
                    port, _, address, _ = _ENDPOINTS.unpack_from(answer, 4)
                    if port:
                        yield OpenSocket(
                            transport=transport, address=_text(family, address), port=port,
                            identity=_identity(answer),
                        )  # fmt: skip

    def _ask(self, body: bytes, flags: int) -> list[bytes]:
        request = body + bytes(4) + _NO_COOKIE
        with self._lock:
            self._sequence += 1
            head = _HEADER.pack(16 + len(request), _SOCK_DIAG_BY_FAMILY, flags, self._sequence, 0)
            self._socket.send(head + request)
            answers: list[bytes] = []
            while not self._take(self._socket.recv(1 << 15), answers, single=not flags & _DUMP):
                pass
            return answers

    def _take(self, data: bytes, answers: list[bytes], *, single: bool) -> bool:
        offset = 0
        while offset + 16 <= len(data):
            length, kind, _, sequence, _ = _HEADER.unpack_from(data, offset)
            payload = data[offset + 16 : offset + length]
            offset += max(length + 3 & ~3, 16)
            if sequence != self._sequence:
                continue  # an answer to a question that timed out
            if kind == _ERROR and len(payload) >= _ERRNO.size:
                number = min(-_ERRNO.unpack_from(payload)[0], _MAX_ERRNO)
                raise OSError(number, f"sock_diag: {os.strerror(number)}")
            if kind == _DONE:
                return True
            if len(payload) >= _ANSWER.size:
                answers.append(payload)
                if single:
                    return True
        return False


def _packed(address: str) -> tuple[int, bytes]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return family, socket.inet_pton(family, address).ljust(16, b"\0")
    except OSError as error:
        raise ValueError(f"{address!r} is no IP address") from error


def _text(family: int, address: bytes) -> str:
    return socket.inet_ntop(family, address[:4] if family == socket.AF_INET else address)


def _identity(answer: bytes) -> SocketIdentity:
    *_, cookie, _, _, _, uid, inode = _ANSWER.unpack_from(answer)
    return SocketIdentity(cookie=cookie, inode=inode, uid=uid)
