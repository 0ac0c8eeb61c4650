from __future__ import annotations

import ctypes
import mmap
import os

import pytest

from auditor.kernel import peek
from auditor.kernel.syscalls import _libc


@pytest.fixture
def edge():
    """Address of the end of a readable page that is followed by nothing."""
    _libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    area = mmap.mmap(-1, 2 * peek.PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    area[: peek.PAGE] = b"a" * peek.PAGE
    _libc.mprotect(ctypes.c_void_p(address + peek.PAGE), peek.PAGE, 0)
    yield address + peek.PAGE
    _libc.mprotect(ctypes.c_void_p(address + peek.PAGE), peek.PAGE, 3)


def test_reads_up_to_the_end_of_a_mapping(edge):
    assert peek.read_memory(os.getpid(), edge - 10, 10) == b"a" * 10
    assert peek.read_text(os.getpid(), edge - 10, 4096) == b"a" * 10
    with pytest.raises(OSError, match="process_vm_readv"):
        peek.read_memory(os.getpid(), edge, 8)
    with pytest.raises(OSError, match="process_vm_readv"):
        peek.read_text(os.getpid(), edge, 8)


def test_text_ends_at_nul_or_at_the_limit():
    buffer = ctypes.create_string_buffer(b"x" * 10_000 + b"\0rest")
    address = ctypes.addressof(buffer)
    assert peek.read_text(os.getpid(), address, 20_000) == b"x" * 10_000
    assert peek.read_text(os.getpid(), address, 5000) == b"x" * 5000


def test_no_process_no_memory():
    with pytest.raises(ProcessLookupError):
        peek.read_memory(2**22 + 1, 4096, 8)


def test_paths_as_another_process_sees_them(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    here = os.open(tmp_path, os.O_PATH)
    for path, base in ((os.fsencode(tmp_path) + b"/link", b"cwd"), (b"link", b"fd/%d" % here)):
        handle = peek.open_as_seen_by(os.getpid(), path, base)
        assert os.readlink(f"/proc/self/fd/{handle}") == str(tmp_path / "file")
        os.close(handle)
    with pytest.raises(FileNotFoundError):
        peek.open_as_seen_by(os.getpid(), b"nothing", b"fd/%d" % here)
    os.close(here)
