from __future__ import annotations

import os
import socket
from pathlib import Path

from auditor.sandbox import layout


def test_a_tree_inside_another_is_covered_by_it(tmp_path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    trees = layout.choose_trees([str(tmp_path / "a"), str(tmp_path / "a" / "b")], [])
    assert trees.overlays == (str(tmp_path / "a"),)
    assert trees.read_only == ()


def test_names_that_begin_alike_are_not_inside_each_other(tmp_path) -> None:
    for name in ("home", "home2"):
        (tmp_path / name).mkdir()
    wanted = [str(tmp_path / "home"), str(tmp_path / "home2")]
    assert layout.choose_trees(wanted, []).overlays == tuple(wanted)


def test_a_tree_is_split_around_a_mount_below_it(tmp_path) -> None:
    for name in ("data/deep", "mounted", "other"):
        (tmp_path / name).mkdir(parents=True)
    trees = layout.choose_trees([str(tmp_path)], [str(tmp_path / "mounted")])
    assert trees.overlays == (str(tmp_path / "data"), str(tmp_path / "other"))
    assert trees.read_only == (str(tmp_path),)


def test_the_root_and_what_is_missing_are_left_out(tmp_path) -> None:
    assert layout.choose_trees(["/", str(tmp_path / "none")], []).overlays == ()


def test_links_are_followed(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert layout.choose_trees([str(tmp_path / "link")], []).overlays == (str(tmp_path / "real"),)


def test_mount_points_with_blanks() -> None:
    line = r"36 35 98:0 / /mnt/my\040disk rw,noatime master:1 - ext3 /dev/root rw"
    assert layout.mount_points(line + "\n") == ("/mnt/my disk",)
    assert layout.mount_points(line.replace("my", "für") + "\n") == ("/mnt/für disk",)


def test_sockets_that_a_container_was_given(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(tmp_path / "docker.sock"))
        (tmp_path / "file").touch()
        table = "\n".join(
            f"36 35 98:0 {root} {tmp_path}/{name} rw - ext4 /dev/x rw"
            for root, name in (
                ("/run/docker.sock", "docker.sock"),
                ("/f", "file"),
                ("/g", "gone"),
                ("/", "docker.sock"),
            )
        )
        assert layout.mounted_sockets(table) == (f"{tmp_path}/docker.sock",)
        (step,) = layout.mask_steps(layout.mounted_sockets(table), ("/run",))
        assert (step.source, step.target) == ("/dev/null", f"{tmp_path}/docker.sock")


def test_layers_have_their_own_uppers(tmp_path) -> None:
    trees = layout.Trees(overlays=(str(tmp_path),), read_only=())
    layers = layout.layers_for(trees, Path("/scratch"))
    assert len({layer.upper for layer in layers}) == len(layers) == 2
    assert [layer.lower for layer in layers] == [str(tmp_path), ""]


def test_gpu_nodes_are_found_by_name(tmp_path) -> None:
    for name in ("nvidia0", "nvidiactl", "kfd", "sda"):
        (tmp_path / name).touch()
    (tmp_path / "dri").mkdir()
    found = [os.path.basename(node) for node in layout.gpu_nodes(tmp_path)]
    assert found == ["dri", "kfd", "nvidia0", "nvidiactl"]


def test_sockets_of_the_host_are_found_by_path() -> None:
    table = (
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000000000000000: 00000003 00000000 00000000 0001 03 1309341\n"
        "0000000000000000: 00000002 00000000 00010000 0001 01 1602 @/tmp/abstract\n"
        "0000000000000000: 00000002 00000000 00010000 0001 01 1603 /srv/a service/s.sock\n"
        "0000000000000000: 00000003 00000000 00000000 0001 03 1604 /srv/a service/s.sock\n"
        "0000000000000000: 00000002 00000000 00010000 0001 01 1605 relative\n"
    )
    assert layout.socket_paths(table) == ("/srv/a service/s.sock",)


def test_only_sockets_that_nothing_else_cuts_off_are_masked(tmp_path) -> None:
    for name in ("overlaid", "plain"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "s").touch()
    found = [str(tmp_path / name / "s") for name in ("overlaid", "plain", "gone")]
    steps = layout.mask_steps(found, [str(tmp_path / "overlaid")])
    assert [step.target for step in steps] == [found[1]]
