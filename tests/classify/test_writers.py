from __future__ import annotations

import pytest

from auditor.classify.case import classify
from auditor.model import observation as o
from auditor.model.process import NOBODY

CAT, MOVE = "/usr/bin/cat", "/usr/bin/mv"


@pytest.fixture
def crowd(run):
    """Three processes of the app: 10.1, the first; 11.1 and 12.1, its children."""
    run.process("11.1", "10.1", CAT)
    run.process("12.1", "10.1", MOVE)
    return run


def touch(run, process, call, path, source="", role="app"):
    return run.write(o.FileTouched(process=process, call=call, path=path, source=source, role=role))


def owners(run, *paths, change="created"):
    for path in paths:
        run.file(path, b"x", change=change)
    return [(each.process.key, each.process.attribution) for each in classify(run.seal()).files]


def test_the_last_to_open_it(crowd):
    touch(crowd, "10.1", "open", "/home/x/a")
    entry = touch(crowd, "11.1", "open", "/home/x/a")
    touch(crowd, "12.1", "open", "/home/x/ab")
    crowd.file("/home/x/a", b"x", change="modified")
    [file] = classify(crowd.seal()).files
    assert (file.process.key, file.process.executable, file.process.attribution) == ("11.1", CAT, "open")
    assert file.process.ancestry == ("/usr/bin/python3.11",)
    assert file.evidence[2] == entry.ref


def test_nobody_was_seen(crowd):
    touch(crowd, "10.1", "open", "/home/x/a")
    touch(crowd, "10.1", "unlink", "/home/x/b")
    crowd.file("/home/x/b", b"x")
    [file] = classify(crowd.seal()).files
    assert file.process == NOBODY
    assert len(file.evidence) == 2


def test_what_was_written_is_still_its_writers_after_a_move(crowd):
    touch(crowd, "11.1", "open", "/home/x/.tmp")
    touch(crowd, "12.1", "rename", "/home/x/a", "/home/x/.tmp")
    assert owners(crowd, "/home/x/a") == [("11.1", "rename")]


def test_unless_it_was_opened_again(crowd):
    touch(crowd, "11.1", "open", "/home/x/.tmp")
    touch(crowd, "12.1", "rename", "/home/x/a", "/home/x/.tmp")
    touch(crowd, "10.1", "open", "/home/x/a")
    assert owners(crowd, "/home/x/a") == [("10.1", "open")]


def test_what_came_to_the_old_name_later_does_not_count(crowd):
    touch(crowd, "11.1", "open", "/home/x/.tmp")
    touch(crowd, "12.1", "rename", "/home/x/a", "/home/x/.tmp")
    touch(crowd, "10.1", "open", "/home/x/.tmp")
    assert owners(crowd, "/home/x/a", "/home/x/.tmp") == [("11.1", "rename"), ("10.1", "open")]


def test_a_move_of_what_was_there_before_is_the_movers(crowd):
    touch(crowd, "12.1", "rename", "/home/x/a", "/home/x/old")
    assert owners(crowd, "/home/x/a") == [("12.1", "rename")]


def test_a_directory_moves_with_everything_below(crowd):
    touch(crowd, "10.1", "mkdir", "/home/x/d")
    touch(crowd, "11.1", "open", "/home/x/d/e/f")
    touch(crowd, "12.1", "rename", "/home/x/m", "/home/x/d")
    touch(crowd, "12.1", "rename", "/home/x/n", "/home/x/m")
    touch(crowd, "10.1", "open", "/home/x/n/own")
    assert owners(crowd, "/home/x/n", "/home/x/n/e/f", "/home/x/n/own") == [
        ("10.1", "rename"), ("11.1", "rename"), ("10.1", "open"),
    ]  # fmt: skip


def test_two_files_that_changed_places(crowd):
    touch(crowd, "10.1", "open", "/home/x/a")
    touch(crowd, "11.1", "open", "/home/x/b")
    touch(crowd, "12.1", "exchange", "/home/x/a", "/home/x/b")
    assert owners(crowd, "/home/x/a", "/home/x/b") == [("11.1", "rename"), ("10.1", "rename")]


def test_links(crowd):
    touch(crowd, "11.1", "open", "/home/x/a")
    touch(crowd, "12.1", "link", "/home/x/b", "/home/x/a")
    touch(crowd, "12.1", "link", "/home/x/nameless")
    assert owners(crowd, "/home/x/b", "/home/x/nameless") == [("11.1", "rename"), ("12.1", "open")]


@pytest.mark.parametrize("call", ["mkdir", "symlink", "mknod", "truncate"])
def test_other_ways_to_make_and_change(crowd, call):
    touch(crowd, "11.1", call, "/home/x/a")
    assert owners(crowd, "/home/x/a") == [("11.1", "open")]


def test_a_socket_file_is_made_by_binding_it(crowd):
    crowd.call("11.1", "/home/x/s", 0, call="bind", family="unix")
    crowd.call("12.1", "/home/x/s", 0, call="connect", family="unix")
    assert owners(crowd, "/home/x/s") == [("11.1", "open")]


def test_deletions(crowd):
    touch(crowd, "10.1", "open", "/home/x/a")
    touch(crowd, "11.1", "unlink", "/home/x/a")
    touch(crowd, "12.1", "rename", "/tmp/moved", "/home/x/b")
    touch(crowd, "11.1", "unlink", "/home/x/gone")
    found = owners(crowd, "/home/x/a", "/home/x/b", "/home/x/gone/below", "/home/x/c", change="deleted")
    assert found == [("11.1", "open"), ("12.1", "open"), ("11.1", "open"), (None, "unknown")]


def test_our_own_programs_do_not_count_for_the_app(crowd):
    crowd.process("20.1", role="control")
    touch(crowd, "10.1", "open", "/tmp/a")
    touch(crowd, "20.1", "open", "/tmp/a", role="control")
    assert owners(crowd, "/tmp/a") == [("10.1", "open")]


def test_what_happens_after_the_disk_was_read_does_not_count(crowd):
    touch(crowd, "10.1", "open", "/tmp/a")
    crowd.file("/tmp/a", b"x")
    touch(crowd, "11.1", "open", "/tmp/a")
    [file] = classify(crowd.seal()).files
    assert file.process.key == "10.1"


def test_moves_in_a_circle_end(crowd):
    for _ in range(100):
        touch(crowd, "11.1", "rename", "/tmp/a", "/tmp/b")
        touch(crowd, "12.1", "rename", "/tmp/b", "/tmp/a")
    assert owners(crowd, "/tmp/b") == [("11.1", "rename")]
