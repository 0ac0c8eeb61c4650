"""Looking into another process: its memory and the files it names, as it sees them.

Nothing here changes that process. What is read may change right afterwards: use it to describe,
not to decide.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

PAGE: Final = 4096
"""Reads never cross a page boundary of this size, so that a half-mapped buffer still gives its first half."""
_SHORT = 256
"""Most texts end within so many bytes; reading a whole page at once would cost twice the time."""
_SYS_OPENAT2 = 437
_RESOLVE_IN_ROOT = 0x10
_HOW_IN_ROOT = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT)  # struct open_how

_libc = ctypes.CDLL(None, use_errno=True)
_libc.process_vm_readv.argtypes = (
    ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong,
)  # fmt: skip
_libc.process_vm_readv.restype = ctypes.c_ssize_t
_buffer = ctypes.create_string_buffer(PAGE)
_IOVEC = struct.Struct("@PN")
_address = ctypes.addressof(_buffer)
_local = _IOVEC.pack(_address, PAGE)


def read_memory(pid: int, address: int, size: int) -> bytes:
    """Read up to `size` (at most `PAGE`) bytes; fewer at the end of a mapping (process_vm_readv(2)).

    Raises:
        OSError: EFAULT for an unmapped address, EPERM, or ESRCH.
    """
    return ctypes.string_at(_address, _fill(pid, address, size))


def _fill(pid: int, address: int, size: int) -> int:
    remote = _IOVEC.pack(address & 0xFFFFFFFFFFFFFFFF, size)
    count = _libc.process_vm_readv(pid, _local, 1, remote, 1, 0)
    if count < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"process_vm_readv: {os.strerror(number)}")
    return int(count)


def read_text(pid: int, address: int, limit: int) -> bytes:
    """Read a NUL-terminated string, cut off after `limit` bytes.

    Raises:
        OSError: its first byte cannot be read.
    """
    text = b""
    while len(text) < limit:
        at = address + len(text)
        room = min(PAGE - at % PAGE, limit - len(text), PAGE if text else _SHORT)
        try:
            count = _fill(pid, at, room)
        except OSError:
            if text:
                return text
            raise
        piece = _buffer.value[:count]  # up to the first NUL
        text += piece
        if len(piece) < room:
            break
    return text


def open_as_seen_by(pid: int, path: bytes, directory: bytes = b"cwd") -> int:
    """O_PATH descriptor of what `path` names for process `pid`, whatever its root (openat2(2)).

    Args:
        pid: The process.
        path: Absolute in its root, or relative to `directory`.
        directory: `cwd` or `fd/N`, below /proc/PID.

    Raises:
        OSError: as for open(2); ENOSYS before Linux 5.6.
    """
    if not path.startswith(b"/"):
        path = os.readlink(b"/proc/%d/%b" % (pid, directory)) + b"/" + path
    root = os.open(b"/proc/%d/root" % pid, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return open_in_root(root, path)
    finally:
        os.close(root)


def open_in_root(root: int, path: bytes) -> int:
    """O_PATH descriptor of an absolute path below the directory `root`, which no link leaves (openat2(2)).

    Raises:
        OSError: as for open(2); ENOSYS before Linux 5.6.
    """
    result = _libc.syscall(_SYS_OPENAT2, root, path, _HOW_IN_ROOT, len(_HOW_IN_ROOT))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
