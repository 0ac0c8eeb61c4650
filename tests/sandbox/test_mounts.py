from __future__ import annotations

from auditor.sandbox.mounts import inside


def test_plain_paths(tmp_path) -> None:
    assert inside(str(tmp_path), "/etc/passwd") == f"{tmp_path}/etc/passwd"


def test_absolute_links_stay_inside(tmp_path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "resolv.conf").symlink_to("/run/resolve/stub.conf")
    assert inside(str(tmp_path), "/etc/resolv.conf") == f"{tmp_path}/run/resolve/stub.conf"


def test_relative_links_and_dots(tmp_path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to("../a/b")
    assert inside(str(tmp_path), "/a/link/file") == f"{tmp_path}/a/b/file"
    assert inside(str(tmp_path), "/../../x") == f"{tmp_path}/x"


def test_a_loop_of_links_ends(tmp_path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    inside(str(tmp_path), "/loop/x")
