from __future__ import annotations

import os
import shutil
import struct
import sys

import pytest

from auditor.capture import touches
from auditor.capture.touches import News
from auditor.capture.touches import Touch
from auditor.kernel.seccomp import POLICY
from auditor.kernel.seccomp import WATCH
from auditor.model.observation import FileTouched
from auditor.model.observation import GapNoted
from auditor.model.observation import ProcessExited
from auditor.model.observation import ProcessSeen

PRELUDE = """
import ctypes, os, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {'x86_64': {'creat': 85, 'open': 2, 'renameat2': 316}, 'aarch64': {'renameat2': 276}}[platform.machine()]
def syscall(number, *arguments):
    return libc.syscall(NUMBERS.get(number, number), *arguments)
def make(path, flags=os.O_WRONLY | os.O_CREAT, **how):
    os.close(os.open(path, flags, 0o644, **how))
def fails(call, *arguments, **how):
    try: call(*arguments, **how)
    except OSError: return
    sys.exit(f'{call} did not fail')
"""


@pytest.fixture
def watch(make_stage, tmp_path):
    """A function that runs Python code in a folder of its own; gives (call, path, source) below that."""
    folder = tmp_path / "tree"
    folder.mkdir()

    def run(code: str) -> list[tuple[str, ...]]:
        stage = make_stage([str(folder)])
        stage.run([sys.executable, "-I", "-S", "-B", "-c", f"{PRELUDE}\nos.chdir({str(folder)!r})\n{code}"])
        seen = stage.seen()
        assert [each.text for each in seen if isinstance(each, GapNoted)] == []
        assert {each.status for each in seen if isinstance(each, ProcessExited)} == {0}
        base = f"{folder}/"
        return [
            (each.call, each.path.removeprefix(base), each.source.removeprefix(base))[
                : 3 if each.source else 2
            ]
            for each in seen
            if isinstance(each, FileTouched)
        ]

    return run


def test_what_is_watched_has_a_reader():
    assert {call.name for call in POLICY if call.action == WATCH} > touches.CALLS


@pytest.mark.box
def test_opens(watch):
    code = """
make('new')
make('new', os.O_RDONLY)
open('/dev/null', 'w').close()
make(os.getcwd() + '/absolute', os.O_RDWR | os.O_CREAT | os.O_EXCL)
fails(os.open, 'absolute', os.O_RDWR | os.O_CREAT | os.O_EXCL)
fails(os.open, 'missing', os.O_WRONLY)
fails(os.open, 'missing/deeper', os.O_WRONLY | os.O_CREAT)
make('appended', os.O_APPEND | os.O_RDWR | os.O_CREAT)
os.mkdir('folder')
make('folder/../folder//./below')
here = os.open('folder', os.O_RDONLY)
make('by-descriptor', dir_fd=here)
os.chdir('folder')
make('relative')
"""
    assert watch(code) == [
        ("open", "new"), ("open", "absolute"), ("open", "appended"), ("mkdir", "folder"), ("open", "folder/below"),
        ("open", "folder/by-descriptor"), ("open", "folder/relative"),
    ]  # fmt: skip


@pytest.mark.box
def test_old_and_new_ways_to_open(watch):
    code = """
if 'creat' in NUMBERS:
    syscall('creat', b'made', 0o600)
    syscall('open', b'opened', os.O_CREAT | os.O_RDWR, 0o600)
else:
    make('made'); make('opened')
def openat2(path, flags, resolve=0):
    how = struct.pack('=QQQ', flags, 0o600 if flags & os.O_CREAT else 0, resolve)
    assert syscall(437, -100, path, how, len(how)) >= 0
openat2(b'second', os.O_CREAT | os.O_WRONLY)
openat2(b'second', os.O_RDONLY)
openat2(b'.', os.O_RDONLY | os.O_DIRECTORY)
os.truncate('made', 10)
fails(os.truncate, 'missing', 10)
"""
    assert watch(code) == [("open", "made"), ("open", "opened"), ("open", "second"), ("truncate", "made")]


@pytest.mark.box
def test_links_are_followed_where_the_kernel_follows_them(watch):
    code = """
os.mkdir('real')
os.symlink('real', 'alias')
make('alias/file')
os.symlink('real/file', 'link')
make('link', os.O_WRONLY | os.O_TRUNC)
fails(os.open, 'link', os.O_WRONLY | os.O_NOFOLLOW)
os.symlink('nothing', 'dangling')
os.symlink(os.getcwd() + '/real', 'absolute')
os.unlink('absolute/file')
os.mkdir('other')
os.unlink('alias')
os.symlink('other', 'alias')
make('alias/file')
"""
    assert watch(code) == [
        ("mkdir", "real"), ("symlink", "alias"), ("open", "real/file"), ("symlink", "link"), ("symlink", "dangling"),
        ("symlink", "absolute"), ("unlink", "real/file"), ("mkdir", "other"), ("unlink", "alias"),
        ("open", "other/file"),
    ]  # fmt: skip


@pytest.mark.box
def test_moves(watch):
    code = """
make('a')
os.rename('a', 'b')
fails(os.rename, 'a', 'c')
make('target')
os.replace('b', 'target')
make('x'); make('y')
assert syscall('renameat2', -100, b'x', -100, b'y', 2) == 0
assert syscall('renameat2', -100, b'x', -100, b'y', 1) < 0
os.mkdir('old')
make('old/file')
here = os.open('old', os.O_RDONLY)
os.rename('file', 'moved', src_dir_fd=here, dst_dir_fd=here)
os.rename('old/', 'new/')
make('new/file')
"""
    assert watch(code) == [
        ("open", "a"), ("rename", "b", "a"), ("open", "target"), ("rename", "target", "b"), ("open", "x"), ("open", "y"),
        ("exchange", "y", "x"), ("mkdir", "old"), ("open", "old/file"), ("rename", "old/moved", "old/file"),
        ("rename", "new", "old"), ("open", "new/file"),
    ]  # fmt: skip


@pytest.mark.box
def test_names_made_and_removed(watch):
    code = """
make('file')
os.link('file', 'second')
fails(os.link, 'file', 'second')
nameless = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o600)
libc.linkat(-100, b'/proc/self/fd/%d' % nameless, -100, b'named', 0x400)
assert os.path.exists('named')
os.mkfifo('pipe')
os.close(os.open('pipe', os.O_RDWR))
os.mkdir('folder')
fails(os.mkdir, 'folder')
fails(os.unlink, 'missing')
os.unlink('second')
os.rmdir('folder')
here = os.open('.', os.O_RDONLY)
os.mkdir('folder', dir_fd=here)
os.rmdir('folder', dir_fd=here)
"""
    assert watch(code) == [
        ("open", "file"), ("link", "second", "file"), ("link", "named"), ("mknod", "pipe"), ("mkdir", "folder"),
        ("unlink", "second"), ("unlink", "folder"),
    ]  # fmt: skip


@pytest.mark.box
def test_names_that_are_no_text(watch):
    code = "make(b'caf\\xe9'); make('x' * 255); make('\\u00e9/../\\u00e9') if os.mkdir('\\u00e9') else make('\\u00e9/z')"
    assert watch(code) == [
        ("open", "caf\\xe9"),
        ("open", "x" * 255),
        ("mkdir", "\u00e9"),
        ("open", "\u00e9/z"),
    ]


@pytest.mark.box
def test_one_line_for_a_run_of_calls(watch):
    code = """
for _ in range(50): make('log')
for _ in range(50):
    make('draft'); os.replace('draft', 'log')
for _ in range(50):
    make('journal'); os.unlink('journal')
if os.fork() == 0:
    make('log')
    os._exit(0)
os.wait()
make('log')
"""
    assert watch(code) == [
        ("open", "log"), ("open", "draft"), ("rename", "log", "draft"), ("open", "journal"), ("unlink", "journal"),
        ("open", "log"), ("open", "log"),
    ]  # fmt: skip


@pytest.mark.box
def test_whose_they_are(make_stage, tmp_path):
    code = f"""
import os, threading
os.chdir({str(tmp_path)!r})
def write(name): open(name, 'w').close()
threads = [threading.Thread(target=write, args=(f'thread-{{number}}',)) for number in range(8)]
for each in threads: each.start()
for each in threads: each.join()
if os.fork() == 0:
    write('forked')
    os._exit(0)
os.wait()
os.system('echo > shell; cp shell copy')
"""
    stage = make_stage([str(tmp_path)])
    stage.run(("reference", [sys.executable, "-I", "-S", "-c", code]))
    seen = stage.seen()
    processes = {each.key: each for each in seen if isinstance(each, ProcessSeen)}
    touched = {os.path.basename(each.path): each for each in seen if isinstance(each, FileTouched)}
    root = seen[0].key
    assert {touched[f"thread-{number}"].process for number in range(8)} == {root}
    assert processes[touched["forked"].process].parent == root
    assert processes[touched["copy"].process].executable == os.path.realpath(shutil.which("cp"))
    assert processes[touched["shell"].process].executable == os.path.realpath(shutil.which("sh"))
    assert {each.role for each in touched.values()} == {"reference"}


@pytest.mark.box
def test_the_number_of_lines_is_bounded_for_each_role(make_stage, tmp_path, monkeypatch):
    monkeypatch.setattr(touches, "MAX_TOUCHES", 100)
    code = "import sys\nfor number in range(150): open(f'{sys.argv[1]}/{sys.argv[2]}-{number}', 'w').close()"
    argv = [sys.executable, "-I", "-S", "-c", code, str(tmp_path)]
    stage = make_stage([str(tmp_path)])
    stage.run(("app", [*argv, "app"]), ("control", [*argv, "control"]))
    seen = stage.seen()
    roles = [each.role for each in seen if isinstance(each, FileTouched)]
    assert (roles.count("app"), roles.count("control")) == (100, 100)
    (gap,) = [each for each in seen if isinstance(each, GapNoted)]
    assert "100" in gap.text
    assert not gap.blinds


@pytest.mark.box
def test_i386_opens_are_seen_too(make_stage, tmp_path):
    if os.uname().machine != "x86_64":
        pytest.skip("i386 calls exist on x86_64 only")
    binary = tmp_path / "i386"
    binary.write_bytes(_i386_program(os.fsencode(tmp_path / "written")))
    binary.chmod(0o755)
    stage = make_stage([str(tmp_path)])
    stage.run([str(binary)])
    if not (tmp_path / "written").exists():
        pytest.skip("this kernel runs no i386 programs")
    assert [(each.call, each.path) for each in stage.seen(FileTouched)] == [
        ("open", str(tmp_path / "written"))
    ]


def _i386_program(path: bytes) -> bytes:
    """An ELF file that calls open(path, O_WRONLY | O_CREAT, 0644), open(path, O_RDONLY) and exit_group."""
    base, start = 0x08048000, 0x54
    code_size = 3 * (4 * 5 + 2)
    address = base + start + code_size

    def call(*registers: int) -> bytes:  # eax, ebx, ecx, edx
        moves = zip(b"\xb8\xbb\xb9\xba", registers, strict=True)
        return b"".join(struct.pack("<BI", register, value) for register, value in moves) + b"\xcd\x80"

    code = call(5, address, 0o101, 0o644) + call(5, address, 0, 0) + call(252, 0, 0, 0)
    assert len(code) == code_size
    total = start + len(code) + len(path) + 1
    head = b"\x7fELF\1\1\1" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + start, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    head += struct.pack("<IIIIIIII", 1, 0, base, base, total, total, 5, 0x1000)
    return head + code + path + b"\0"


def test_news():
    news = News(["/home/x/", "/tmp"])
    assert news.concerns(Touch("open", b"/tmp/a"))
    assert news.concerns(Touch("rename", b"/dev/shm/a", b"/home/x/a"))
    assert not news.concerns(Touch("open", b"/tmpfile"))
    assert not news.concerns(Touch("open", b"/home/xy/a"))


@pytest.mark.parametrize(
    ("calls", "fresh"),
    [
        ([("A", Touch("open", b"/f"))] * 2, [True, False]),
        ([("A", Touch("open", b"/f")), ("B", Touch("open", b"/f")), ("A", Touch("open", b"/f"))], [True] * 3),
        ([("A", Touch("open", b"/f")), ("A", Touch("unlink", b"/f"))] * 2, [True, True, False, False]),
        ([("A", Touch("rename", b"/g", b"/f")), ("B", Touch("unlink", b"/f"))] * 2, [True] * 4),
        ([("A", Touch("rename", b"/g", b"/f")), ("B", Touch("open", b"/g"))] * 2, [True] * 4),
        ([("A", Touch("rename", b"/g", b"/f")), ("A", Touch("rename", b"/g", b"/h"))], [True, True]),
    ],
)  # fmt: skip
def test_what_is_news(calls, fresh):
    news = News(["/"])
    assert [news.note(touch, process, "app") for process, touch in calls] == fresh
