"""Which process last used a socket: a table in memory that the watcher and the supervisor share.

Not the record: that is the journal. The watcher enters a socket before it lets the call run, so the
supervisor finds the owner of a connection that it has just accepted without waiting for any message.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import Final

from auditor.model.process import ProcessKey
from auditor.model.process import process_key

ROLES: Final = ("app", "control", "reference")
"""Roles of a listener, as its hand-over names them."""
_SLOTS = 1 << 16
_COOKIE = struct.Struct("@Q")
_REST = struct.Struct("@QIBB")  # start ticks, pid, role, served
_SIZE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketUse:
    """Who used a socket last, and how."""

    process: ProcessKey
    role: str
    serves: bool
    """It was bound to a port of the program's choice, or told to listen."""


class CookieTable:
    """65,536 slots in shared memory; a new socket takes the slot of an old one (2 MiB, one writer)."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SIZE)

    def enter(self, cookie: int, pid: int, start: int, role: str, *, serves: bool) -> None:
        """Write a socket down; `serves` stays set once it was."""
        at = cookie % _SLOTS * _SIZE
        if _COOKIE.unpack_from(self._memory, at)[0] == cookie:
            serves = serves or bool(self._memory[at + 21])
        _COOKIE.pack_into(self._memory, at, 0)  # a reader meanwhile finds nothing rather than a mixture
        _REST.pack_into(self._memory, at + 8, start, pid, ROLES.index(role), serves)
        _COOKIE.pack_into(self._memory, at, cookie)

    def get(self, cookie: int) -> SocketUse | None:
        """Who used the socket last; None when no watched call ever named it."""
        at = cookie % _SLOTS * _SIZE
        before = _COOKIE.unpack_from(self._memory, at)[0]
        start, pid, role, serves = _REST.unpack_from(self._memory, at + 8)
        if not cookie or before != cookie or _COOKIE.unpack_from(self._memory, at)[0] != cookie:
            return None
        return SocketUse(process=process_key(pid, start), role=ROLES[role], serves=bool(serves))
